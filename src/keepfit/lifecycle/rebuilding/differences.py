"""Which inputs of a rebuild were not those of the version, the first that matters first."""

from __future__ import annotations

from collections.abc import Iterator

from keepfit.digest import canonical
from keepfit.records.base import Record
from keepfit.records.training import Environment, Proof


class Difference(Record, frozen=True, kw_only=True):
    """One thing that differs."""

    input: str  # environment, CPU class, threads, setting, prepared rows, row order, a clock, …
    text: str  # what it was, what it is, and where


def between(was: Environment, now: Environment) -> Iterator[Difference]:
    """What differs of two environments: packages first, then the machine, then settings."""
    yield from _distributions(was, now)
    for name, label in (
        ("python", "environment"),
        ("platform", "environment"),
        ("blas", "environment"),
        ("cpu", "CPU class"),
    ):
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            yield Difference(input=label, text=f"{name}: {old} → {new}")
    for name in sorted(was.variables.keys() | now.variables.keys()):
        old, new = was.variables.get(name, "unset"), now.variables.get(name, "unset")
        if old != new:
            yield Difference(input=_setting(name), text=f"{name}: {old} → {new}")


def _distributions(was: Environment, now: Environment) -> Iterator[Difference]:
    if not was.distributions:  # a recipe that names a uv.lock alone
        return
    old, new = (dict(_pair(d) for d in env.distributions) for env in (was, now))
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "not installed"), new.get(name, "not installed")
        if before != after:
            yield Difference(input="environment", text=f"{name} {before} → {after}")


def _pair(distribution: str) -> tuple[str, str]:
    name, _, version = distribution.partition("==")
    return name, version


def _setting(variable: str) -> str:
    if "THREADS" in variable:
        return "threads"
    named = {
        "ATEN_CPU_CAPABILITY": "CPU kernels",
        "MKL_CBWR": "CPU kernels",
        "OPENBLAS_CORETYPE": "CPU kernels",
        "PYTHONHASHSEED": "hash seed",
        "TZ": "time zone",
        "LC_ALL": "locale",
    }
    return named.get(variable, "setting")


def of_rows(was: Proof, now: Proof) -> Iterator[Difference]:
    """Whether what was learned from differs: other values, or the same in another order."""
    if was.columns == now.columns:
        return
    if was.rows == now.rows and was.columns.keys() == now.columns.keys():
        text = "the prepared training rows are the same, but in another order"
        yield Difference(input="row order", text=text)
        return
    names = [n for n in (was.columns | now.columns) if was.columns.get(n) != now.columns.get(n)]
    text = f"the prepared training rows differ in {', '.join(names)}"
    yield Difference(input="prepared rows", text=text)


def equal(was: Proof, now: Proof) -> bool:
    """Whether both learned the same parameters and say the same of the recorded examples."""
    told = canonical((was.examples, was.predictions)) == canonical((now.examples, now.predictions))
    return was.parameters == now.parameters and told
