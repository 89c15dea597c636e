import pytest
import raw


@pytest.fixture(params=["uvloop", "asyncio"])
def serve(request):
    """Starts a server on either event loop: `serve(limits)` as a context."""
    pytest.importorskip(request.param)
    return lambda limits=None, **options: raw.running(limits, loop=request.param, **options)


@pytest.fixture
def served(serve):
    """A server with the limits that it has by default."""
    with serve() as it:
        yield it
        assert not it.bugs
