"""What is wrong with a table, in words; and the record that it makes if nothing is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from keepfit.config.lines import KeyPath
from keepfit.config.schema.model import ModelSpec, ProjectTable
from keepfit.config.schema.release import Promote
from keepfit.config.space import space_wrongs
from keepfit.config.wording import Wrong, in_plain_words, shown, unknown_key
from keepfit.errors import UserError, guess
from keepfit.names import LATEST, check_name

T = TypeVar("T", bound=BaseModel)

_RULES_OF_PROMOTE = ("approvers", "valid_for", "four_eyes")  # its keys that are no stages
_RESERVED_STAGES = (LATEST, *_RULES_OF_PROMOTE)  # other words of references and of [promote]


@dataclass(frozen=True, slots=True)
class Known:
    """What the file may name but the schema does not know: the rooms above say it."""

    kinds: tuple[str, ...]
    params_of: Callable[[str], type[BaseModel]]
    metric_error: Callable[[str], str | None] | None  # of a metric's name, or None


class Table(NamedTuple):
    """A table as it is written, and with every `${NAME}` read."""

    raw: dict[str, Any]
    read: dict[str, Any]


class CheckedModel(NamedTuple):
    """A model's records, where nothing is wrong with it."""

    spec: ModelSpec | None
    params: BaseModel | None
    wrongs: list[Wrong]


def check_project(table: Table) -> tuple[ProjectTable | None, list[Wrong]]:
    """The project's record, and what is wrong with its table."""
    project, wrongs = _checked(ProjectTable, table)
    stages = project.stages if project else ()
    for place, stage in enumerate(stages):
        wrongs += _stage_wrongs(("stages", place), stage, stages[:place])
    return project, wrongs


def _stage_wrongs(path: KeyPath, stage: str, before: tuple[str, ...]) -> Iterator[Wrong]:
    try:
        check_name("stage", stage)
    except UserError as error:
        yield Wrong(path, f"is {shown(stage)}: {error}")
    if stage in _RESERVED_STAGES:
        yield Wrong(path, f"is {shown(stage)}, which means something else; expected another name")
    if stage in before:
        yield Wrong(path, f"is {shown(stage)} a second time; expected each stage once")


def check_model(name: str, table: Table, known: Known, stages: tuple[str, ...]) -> CheckedModel:
    """The model's records, and everything that is wrong with its table."""
    wrongs = list(_name_wrongs(name, table.read))
    spec, found = _checked(ModelSpec, Table(table.raw, {**table.read, "name": name}))
    params, more = _check_params(table, known)
    own = [
        *_feature_wrongs(table.read),
        *_text_wrongs(table.read),
        *_per_wrongs(table.read),
        *_stages_unknown(table.read, stages),
    ]
    own += [*_metric_wrongs(table, known), *_space_wrongs(table, known)]
    said = {wrong.path for wrong in own}
    wrongs += own + more + [wrong for wrong in found if wrong.path not in said]
    if spec is None or params is None or wrongs:
        return CheckedModel(None, None, wrongs)
    filled = params.model_dump(mode="json", by_alias=True)
    return CheckedModel(spec.model_copy(update={"params": filled}), params, [])


def _checked(record: type[T], table: Table) -> tuple[T | None, list[Wrong]]:
    try:
        return record.model_validate(table.read), []
    except ValidationError as error:
        return None, in_plain_words(error, record, table.raw)


def _name_wrongs(name: str, read: dict[str, Any]) -> Iterator[Wrong]:
    try:
        check_name("model", name)
    except UserError as error:
        yield Wrong((), f"has a bad name: {error}")
    if read.get("name", name) != name:
        wrong = f"is {shown(read['name'])}; expected '{name}', as the table is called"
        yield Wrong(("name",), wrong)


def _check_params(table: Table, known: Known) -> tuple[BaseModel | None, list[Wrong]]:
    kind, params = table.read.get("kind"), table.read.get("params", {})
    if not isinstance(kind, str) or not isinstance(params, dict):
        return None, []  # the schema says so already
    if kind not in known.kinds:
        wrong = f"is {shown(table.raw['kind'])}, which is no kind.{_kind_meant(kind, known.kinds)}"
        return None, [Wrong(("kind",), wrong)]
    raw = table.raw.get("params", {})
    checked, wrongs = _checked(known.params_of(kind), Table(raw, params))
    return checked, [Wrong(("params", *wrong.path), wrong.message) for wrong in wrongs]


def _kind_meant(kind: str, kinds: Collection[str]) -> str:
    """A guess; of a name that lacks its end both kinds that begin so."""
    tasks = [f"{kind}-{task}" for task in ("classifier", "regressor")]
    if set(tasks) <= set(kinds):
        return f" Did you mean `{tasks[0]}` or `{tasks[1]}`?"
    return guess(kind, kinds)


def _space_wrongs(table: Table, known: Known) -> Iterator[Wrong]:
    kind, space = table.read.get("kind"), _entry(_entry(table.read, "tune"), "params")
    if kind not in known.kinds or not isinstance(space, dict):
        return
    base = table.read.get("params")
    for wrong in space_wrongs(known.params_of(kind), base if isinstance(base, dict) else {}, space):
        yield Wrong(("tune", "params", *wrong.path), wrong.message)


def _feature_wrongs(read: dict[str, Any]) -> Iterator[Wrong]:
    features, target = read.get("features"), read.get("target")
    if not isinstance(features, list):
        return
    if target in features:
        yield Wrong(
            ("features",), f"contains the target `{target}`; expected columns to predict it from"
        )
    if twice := sorted({str(each) for each in features if features.count(each) > 1}):
        yield Wrong(("features",), f"names `{twice[0]}` twice; expected each column once")


def _text_wrongs(read: dict[str, Any]) -> Iterator[Wrong]:
    features, data = read.get("features"), read.get("data")
    texts = _entry(data, "text")
    if not isinstance(features, list) or not isinstance(texts, dict) or _entry(data, "transform"):
        return
    for name in texts:
        if name not in features:
            known = guess(name, features)
            told = f"cleans what the model does not read; expected one of its features.{known}"
            yield Wrong(("data", "text", name), told)


def _per_wrongs(read: dict[str, Any]) -> Iterator[Wrong]:
    per, features = read.get("per"), read.get("features")
    path: KeyPath = ("per",) if isinstance(per, str) else ("per", "column")
    name = per if isinstance(per, str) else _entry(per, "column")
    if not isinstance(name, str) or not isinstance(features, list):
        return
    if name not in features:
        known = guess(name, features)
        yield Wrong(path, f"is {shown(name)}; expected one of the features.{known}")
    elif len(features) == 1:
        yield Wrong(path, f"is {shown(name)}, the only feature; expected others to predict from")
    if read.get("train") == "update":
        yield Wrong(("train",), "is 'update'; expected 'window' or 'all' with `per`")
    if _entry(read.get("params"), "embeddings") is not None:
        told = "is beside `per`; expected one of them: each value would have a copy of its own"
        yield Wrong(("params", "embeddings"), told)


def _stages_unknown(read: dict[str, Any], stages: tuple[str, ...]) -> Iterator[Wrong]:
    promote = read.get("promote")
    known = {*stages, *_RULES_OF_PROMOTE}
    for key in promote if isinstance(promote, dict) else ():
        if key in known:
            continue
        if key in Promote.model_fields:
            yield Wrong(("promote", key), f"is no stage of the project.{guess(key, stages)}")
        else:
            yield Wrong(("promote", key), unknown_key(key, known))


def _metric_wrongs(table: Table, known: Known) -> Iterator[Wrong]:
    own = _entry(table.read, "metric")
    for path, metric in _metrics_named(table.read):
        named = isinstance(metric, str) and not (isinstance(own, dict) and metric in own)
        error = known.metric_error(metric) if named and known.metric_error else None
        if error:
            yield Wrong(path, error)


def _metrics_named(table: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every place of a model that names a metric, right or wrong."""
    for path, metric in _gate_metrics(_entry(table, "gate")):
        yield ("gate", *path), metric
    yield ("tune", "metric"), _entry(_entry(table, "tune"), "metric")
    benchmarks = _entry(table, "benchmark")
    for name, benchmark in benchmarks.items() if isinstance(benchmarks, dict) else ():
        yield ("benchmark", name, "metric"), _entry(benchmark, "metric")


def _gate_metrics(gate: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every place of a gate that names a metric, right or wrong."""
    yield ("metric",), _entry(gate, "metric")
    for place, metric in enumerate(_items(_entry(gate, "metrics"))):
        yield ("metrics", place), metric
    for place, rule in enumerate(_items(_entry(gate, "rules"))):
        yield ("rules", place, "metric"), _entry(rule, "metric")


def _entry(table: Any, key: str) -> Any:
    return table.get(key) if isinstance(table, dict) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
