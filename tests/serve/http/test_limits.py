import subprocess
import sys

from keepfit.config.schema.serving import Serve
from keepfit.serve.http.limits import Limits


def test_limits_are_those_of_the_file():
    serve = Serve(
        max_body=7,
        max_connections=6,
        max_per_address=5,
        header_seconds=4,
        idle_seconds=3,
        total_seconds=2,
    )
    limits = Limits.of(serve)
    assert (limits.max_body, limits.max_connections, limits.max_per_address) == (7, 6, 5)
    assert (limits.header_seconds, limits.idle_seconds, limits.total_seconds) == (4, 3, 2)


def test_a_file_that_says_nothing_means_the_limits_by_default():
    assert Limits.of(Serve()) == Limits()


def test_bodies_of_any_allowed_size_can_be_held():
    assert Limits.of(Serve(max_body=2**40)).max_held >= 2**40


def test_the_transport_loads_neither_the_schema_nor_a_frame():
    code = "import keepfit.serve.http.server, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pydantic", "polars", "numpy", "uvloop"} & set(out.stdout.split())
