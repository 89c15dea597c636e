"""What a server counts, as Prometheus reads it; several processes count on one board.

The text is the exposition format 0.0.4 of Prometheus.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
STATUSES = (200, 400, 401, 404, 405, 406, 408, 413, 414, 415, 431, 500, 503)
Board: TypeAlias = "memoryview[float]"
_OTHER = "other"
_SPELLED = (*map(str, STATUSES), _OTHER)
_NO_MODEL = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A name with its samples: one for each set of labels."""

    name: str
    kind: str  # counter or gauge
    help: str
    labels: tuple[tuple[tuple[str, str], ...], ...]


class Metrics:
    """Numbers at fixed places of a board, one row of it a process.

    `board` holds doubles: `width` of them for each process, all zero at first.
    """

    def __init__(self, models: Sequence[str], board: Board | None = None, row: int = 0) -> None:
        """Of these models; this process counts in row number `row`."""
        names = (*models, _NO_MODEL)
        self._families = _families(models, names)
        self._places = {
            (family.name, labels): place
            for place, (family, labels) in enumerate(
                (family, labels) for family in self._families for labels in family.labels
            )
        }
        self._times = len(self._places)
        self.width = self._times + len(names) * (len(BUCKETS) + 2)
        self._board = (
            board if board is not None else memoryview(bytearray(8 * self.width)).cast("d")
        )
        self._mine = self._board[row * self.width : (row + 1) * self.width]
        # Answers are counted by one thread; rows of the prediction log by three: the loop, who
        # predicts large requests, and who writes. Between reading a number and writing it, another
        # may have added to it.
        self._lock = Lock()
        self._statuses = {
            (m, status): self._places["keepfit_requests_total", (("model", m), ("status", s))]
            for m in names
            for status, s in zip((*STATUSES, 0), _SPELLED, strict=True)
        }
        self._histograms = {
            m: self._times + place * (len(BUCKETS) + 2) for place, m in enumerate(names)
        }

    @classmethod
    def size(cls, models: Sequence[str], processes: int) -> int:
        """How many bytes the board of so many processes has."""
        return 8 * cls(models).width * processes

    def answered(self, model: str, status: int, seconds: float, rows: int) -> None:
        """Count an answer; only from the loop. `model` is "" where it was none of a model's."""
        mine = self._mine
        place = self._statuses.get((model, status))
        mine[self._statuses[model, 0] if place is None else place] += 1
        start = self._histograms[model]
        mine[start + bisect_left(BUCKETS, seconds)] += 1
        mine[start + len(BUCKETS) + 1] += seconds
        if rows:
            mine[self._places["keepfit_rows_total", (("model", model),)]] += rows

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add to a counter, from any thread."""
        place = self._places[name, tuple(labels.items())]
        with self._lock:
            self._mine[place] += by

    def set(self, name: str, value: float) -> None:
        """Set a gauge of this process."""
        self._mine[self._places[name, ()]] = value

    def text(self, versions: dict[str, str]) -> str:
        """All processes' sums; `versions` are those that this one serves, by model."""
        return "\n".join([*self._lines(), *self._seconds(), *_served(versions)]) + "\n"

    def _sum(self, place: int) -> float:
        return sum(self._board[place :: self.width])

    def _lines(self) -> Iterator[str]:
        for family in self._families:
            yield from _head(family.name, family.kind, family.help)
            for labels in family.labels:
                value = self._sum(self._places[family.name, labels])
                if value or family.kind == "gauge":
                    yield f"{family.name}{_labels(labels)} {value:.17g}"

    def _seconds(self) -> Iterator[str]:
        name = "keepfit_request_seconds"
        yield from _head(name, "histogram", "How long requests took, from the first byte on.")
        for model, start in self._histograms.items():
            counts = [self._sum(start + place) for place in range(len(BUCKETS) + 1)]
            total, label = 0.0, ("model", model)
            if not sum(counts):
                continue
            for bound, count in zip((*BUCKETS, float("inf")), counts, strict=True):
                total += count
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{name}_bucket{_labels((label, ('le', le)))} {total:.17g}"
            yield f"{name}_sum{_labels((label,))} {self._sum(start + len(BUCKETS) + 1):.17g}"
            yield f"{name}_count{_labels((label,))} {total:.17g}"


def _families(models: Sequence[str], names: Sequence[str]) -> tuple[Family, ...]:
    def of_models(name: str, told: str, results: Sequence[str]) -> Family:
        labels = tuple((("model", m), ("result", result)) for m in models for result in results)
        return Family(name, "counter", told, labels)

    requests = tuple((("model", m), ("status", s)) for m in names for s in _SPELLED)
    rows = tuple((("model", m),) for m in models)
    return (
        Family("keepfit_requests_total", "counter", "Requests that were answered.", requests),
        Family("keepfit_rows_total", "counter", "Rows that were predicted.", rows),
        Family("keepfit_requests_in_flight", "gauge", "Requests under way.", ((),)),
        Family("keepfit_connections", "gauge", "Open connections.", ((),)),
        of_models(
            "keepfit_reloads_total",
            "New versions that took over, and that could not.",
            ("taken", "refused"),
        ),
        of_models(
            "keepfit_logged_rows_total",
            "Rows of the prediction log that were kept, and that were let go.",
            ("kept", "dropped"),
        ),
    )


def _served(versions: dict[str, str]) -> Iterator[str]:
    yield from _head("keepfit_model_info", "gauge", "The version that is served.")
    for model, version in versions.items():
        yield f"keepfit_model_info{_labels((('model', model), ('version', version)))} 1"


def _head(name: str, kind: str, told: str) -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    # names of models and versions have no character that would need an escape
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" if labels else ""
