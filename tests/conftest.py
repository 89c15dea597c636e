"""For all tests: a busy machine is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "keepfit", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("keepfit")
