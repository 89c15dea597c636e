"""Every point of the contract, tried in order, and the verdict as JUnit XML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from keepfit.errors import KeepfitError, UserError, guess
from keepfit.sagemaker.conform.answers import ANSWERS
from keepfit.sagemaker.conform.batch import TRANSFORM
from keepfit.sagemaker.conform.bench import Bench
from keepfit.sagemaker.conform.ping import PING
from keepfit.sagemaker.conform.point import Found, Point, Tried
from keepfit.sagemaker.conform.refusals import REFUSALS
from keepfit.sagemaker.conform.stopping import STOPPING
from keepfit.sagemaker.conform.training import TRAINING

POINTS: tuple[Point, ...] = (*TRAINING, *PING, *ANSWERS, *REFUSALS, *TRANSFORM, *STOPPING)
_NOT_XML = {code: None for code in range(32) if code not in (9, 10, 13)}


def chosen(names: Iterable[str]) -> tuple[Point, ...]:
    """The points of these ids, or whose ids begin so; all where none is named."""
    wanted = tuple(names)
    for name in wanted:
        if not any(point.id.startswith(name) for point in POINTS):
            raise UserError(f"there is no point `{name}`.{guess(name, (p.id for p in POINTS))}")
    return tuple(p for p in POINTS if not wanted or p.id.startswith(wanted))


def tried(
    bench: Bench, points: Sequence[Point], clock: Callable[[], float] = monotonic
) -> Iterator[Tried]:
    """Each point, and what came of it; one that cannot be tried is not kept."""
    for point in points:
        begun = clock()
        try:
            found = point.check(bench)
        except KeepfitError:
            raise  # the commands cannot be run at all
        except Exception as error:  # noqa: BLE001 whatever a container does must not end the verdict
            found = Found(False, f"{type(error).__name__}: {error}")
        yield Tried(point, found, clock() - begun)


def junit(results: Sequence[Tried]) -> bytes:
    """The verdict as JUnit XML: a case a point."""
    failed = [one for one in results if not one.found.kept]
    suite = Element(
        "testsuite",
        name="keepfit conform sagemaker",
        tests=str(len(results)),
        failures=str(len(failed)),
        time=f"{sum(one.seconds for one in results):.3f}",
    )
    for one in results:
        case = SubElement(
            suite,
            "testcase",
            classname=f"sagemaker.{one.point.id.rpartition('-')[0]}",
            name=f"{one.point.id} {one.point.says}",
            time=f"{one.seconds:.3f}",
        )
        told = f"expected {one.point.expects}; found {one.found.told}".translate(_NOT_XML)
        if not one.found.kept:
            SubElement(case, "failure", message=told)
        else:
            SubElement(case, "system-out").text = told
    indent(suite)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suite) + b"\n"
