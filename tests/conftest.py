"""For all tests: a busy machine is no failure, and CI tries the same cases each time."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "keepfit",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("keepfit")
