"""One version, ready to answer: its door, its exact pipeline, and a compiled path that agreed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from keepfit.config.schema.serving import Answering
from keepfit.errors import Refused, UserError
from keepfit.kinds import batch_of, rows_of
from keepfit.kinds.texts.prefixes import Prefixes
from keepfit.lifecycle.observe import observing, seen
from keepfit.lifecycle.open import COMPILED, MODEL, Fetched, below, predictor_of
from keepfit.records.evidence import Evidence
from keepfit.serve.answer import Predicted
from keepfit.serve.door.json_rows import JsonDoor
from keepfit.serve.door.plain_csv import PlainCsv
from keepfit.serve.door.rows import MANY, Rows
from keepfit.serve.door.schema import InputSchema
from keepfit.serve.media import Media
from keepfit.serve.options import Options
from keepfit.store.registry import EVIDENCE

if TYPE_CHECKING:
    from keepfit.train.predictor import Predictor

_CLOSE = 1e-6  # how far an example may be from what was recorded, relative; see `warm`

Compiled = Callable[[Sequence[tuple[Any, ...]]], Predicted]


class Served:
    """A version that answers; made of files that were checked, and never changed."""

    def __init__(self, fetched: Fetched, root: Path, answering: Answering | None = None) -> None:
        """Corrupt or UserError where the files make no model. `root` is the project's folder;
        `answering` what it says today of answers, else what it said when the version was made."""
        self.fetched, self._root = fetched, root
        candidate, spec = fetched.manifest.candidate, fetched.spec
        self.model, self.version = spec.name, fetched.state.version
        self.name = f"{self.model}@{self.version}"
        self.classes = candidate.classes
        self.levels = spec.series.columns if spec.series else ()
        self.schema = InputSchema.of(candidate.schema, spec)
        self.options = Options.of(answering or spec.serve) if self.classes else Options()
        if self.options.prefix and not isinstance(self.classes[0], str):
            raise UserError(
                f"model.{self.model}.serve.prefix is {self.options.prefix}, and the labels of "
                f"{self.name} are no text: {self.classes[0]!r}",
                hint=f'take it out, or train on text: types = {{ {spec.target} = "text" }}',
            )
        self._answering = answering or spec.serve
        self.wanted = fetched.state.manifest + observed(self._answering, root)
        self._prefixes: dict[int, Prefixes] = {}
        self._json, self._csv = JsonDoor(self.schema), PlainCsv(self.schema)
        evidence = msgspec.json.decode(fetched.files[EVIDENCE], type=_Stored).evidence
        self.metrics = {score.metric: score.challenger for score in evidence.scores}
        self.compiled = _compiled(fetched, evidence, self.schema)

    def read(self, body: bytes, media: Media, *, header: bool) -> Rows:
        """The rows of a body; BadRequest with what is wrong. `header`: of CSV that says nothing."""
        if media.form == "json":
            return self._json.read(body)
        if media.form == "lines":
            return self._json.read_lines(body)
        named = header if media.header is None else media.header
        if (rows := self._csv.read(body, header=named)) is not None:
            return rows
        from keepfit.serve.door.csv_rows import read_csv

        return read_csv(self.schema, body, header=named)

    def quick(self, rows: Rows) -> bool:
        """Whether the rows can be predicted by the compiled path."""
        return self.compiled is not None and rows.few

    def predict(self, values: Sequence[tuple[Any, ...]]) -> Predicted:
        """By the compiled path; only for rows that are `quick`."""
        assert self.compiled is not None  # noqa: S101 `quick` says so
        return self.compiled(values)

    def predict_exactly(self, rows: Rows) -> Predicted:
        """By the exact pipeline, which is the reference; UserError for rows that it cannot read."""
        return self._said(rows, self.now)

    def _said(self, rows: Rows, predictor: Predictor) -> Predicted:
        from keepfit.serve.door.csv_rows import frame_of

        frame = frame_of(self.schema, rows)
        if frame.is_empty():
            nothing: list[list[float]] = []
            return Predicted(
                [], nothing if self.classes else None, self.classes, nothing, self.levels
            )
        said = predictor.predict(frame)
        chances = None if said.probabilities is None else said.probabilities.tolist()
        spread = None if said.quantiles is None else said.quantiles.tolist()
        values = said.values if said.values.len() >= MANY else said.values.to_list()
        return Predicted(values, chances, self.classes, spread, self.levels)

    def at_prefix(self, said: Predicted, length: int) -> Predicted:
        """What was said, of so many first characters of labels; 0: of whole ones."""
        if not length:
            return said
        length = min(length, max(len(str(label)) for label in self.classes))
        if length not in self._prefixes:
            self._prefixes[length] = Prefixes(self.classes, length)
        return said.at(self._prefixes[length])

    @cached_property
    def exact(self) -> Predictor:
        """The pipeline of training, loaded when it is first needed."""
        return predictor_of(self.fetched, self._root)

    @cached_property
    def now(self) -> Predictor:
        """The same, of a forecast at the end of the newest rows that it is to go on from."""
        if not self._answering.observe:
            return self.exact
        return observing(self.exact, self._answering.observe, self._root)

    def observe(self) -> None:
        """Read the newest rows that a forecast goes on from; what is wrong with them is raised."""
        if self._answering.observe:
            _ = self.now

    def warm(self) -> None:
        """Predict the recorded examples; Refused where an answer is not the recorded one.

        Bits may differ on another processor, so a number may be apart by a millionth of itself.
        """
        proof = self.fetched.manifest.proof
        if proof is None or not proof.examples:
            return
        rows = self._json.read(msgspec.json.encode(proof.examples))
        said = self.predict(rows.values) if self.quick(rows) else self._said(rows, self.exact)
        for number, (value, recorded) in enumerate(
            zip(_plain(said), proof.predictions, strict=False), 1
        ):
            if not _alike(value, recorded):
                raise Refused(
                    f"{self.name}: example {number} of the manifest is predicted as {value}, and "
                    f"was as {recorded} when the model was trained",
                    hint=f"look at what the version is made of: keepfit verify {self.name}",
                )


def observed(answering: Answering | None, root: Path) -> str:
    """A mark of the newer rows that a forecast goes on from; empty for none."""
    if answering is None or not answering.observe:
        return ""
    return f" and {seen(answering.observe, root)}"


def _compiled(fetched: Fetched, evidence: Evidence, schema: InputSchema) -> Compiled | None:
    """A compiled path that agreed by the evidence, where rows come as the model reads them."""
    spec = fetched.spec
    data = spec.data
    derived = data.transform or data.text or any(name in data.derive for name in spec.features)
    families = {field.family for field in schema.fields}
    if derived or not families <= {"number", "whole", "text", "boolean"}:
        return None
    for path in [one.path for one in evidence.compiled if one.agreed]:
        if answering := _PATHS.get(path, _no_way)(fetched, schema):
            return answering
    return None


def _no_way(_fetched: Fetched, _schema: InputSchema) -> None:
    """A path of a newer release."""


def _by_rows(fetched: Fetched, schema: InputSchema) -> Compiled | None:
    model = rows_of(fetched.manifest.candidate.kind, below(fetched.files, MODEL))
    if model is None:
        return None
    return _answering(model, _reordered(model.columns, schema))


def _by_onnx(fetched: Fetched, schema: InputSchema) -> Compiled | None:
    onnx = below(fetched.files, COMPILED).get("model.onnx")
    if onnx is None:
        return None
    model = batch_of(fetched.manifest.candidate.kind, below(fetched.files, MODEL), onnx)
    if model is None:
        return None
    ask, classes = model.answer, model.classes
    pick = _reordered(model.columns, schema)

    def answer(rows: Sequence[tuple[Any, ...]]) -> Predicted:
        if not rows:
            return Predicted([], [] if classes else None, classes)
        return Predicted(*ask(rows if pick is None else [pick(row) for row in rows]), classes)

    return answer


_PATHS: dict[str, Callable[[Fetched, InputSchema], Compiled | None]] = {
    "rows": _by_rows,
    "onnx": _by_onnx,
}


def _answering(model: Any, pick: Callable[[Any], Any] | None) -> Compiled:
    one, classes = (model.label if model.classes else model.value), model.classes

    def answer(rows: Sequence[tuple[Any, ...]]) -> Predicted:
        read = rows if pick is None else [pick(row) for row in rows]
        said = [one(row) for row in read]
        if not classes:
            return Predicted(said)
        return Predicted([label for label, _ in said], [chances for _, chances in said], classes)

    return answer


def _reordered(columns: Sequence[str], schema: InputSchema) -> Callable[[Any], Any] | None:
    places = [schema.names.index(name) for name in columns]
    if places == [*range(len(schema.fields))]:
        return None
    pick = itemgetter(*places)
    return pick if len(places) > 1 else lambda row: (pick(row),)


class _Stored(msgspec.Struct):
    evidence: Evidence


def _plain(said: Predicted) -> Sequence[Any]:
    if said.levels and said.quantiles is not None:
        return [[value, *row] for value, row in zip(said.values, said.quantiles, strict=True)]
    if said.chances is None:
        return list(said.values)
    return [[value, list(row)] for value, row in zip(said.values, said.chances, strict=True)]


def _alike(value: Any, recorded: Any) -> bool:
    """Whether two answers are the same but for the last bits of numbers."""
    if isinstance(value, list) and isinstance(recorded, list | tuple):
        return len(value) == len(recorded) and all(map(_alike, value, recorded))
    if isinstance(value, float) and isinstance(recorded, int | float):
        return value == recorded or abs(value - recorded) <= _CLOSE * max(1.0, abs(recorded))
    if isinstance(value, float) and recorded is None:  # JSON has no infinity
        return not isfinite(value)
    return bool(value == recorded) or str(value) == str(recorded)
