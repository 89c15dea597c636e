"""A champion, rows for it, and the way from the one to the other."""

from dataclasses import dataclass, field

import polars as pl
import pytest

from keepfit.lifecycle.batch import Asked, Pace, World, predict


@dataclass
class Batch:
    """Predictions of one version, or of whatever `open_version` finds, and what is said of them."""

    root: object
    open_version: object
    told: list = field(default_factory=list)
    moved: list = field(default_factory=list)
    environ: dict = field(default_factory=dict)

    def __call__(self, source, output, *, pace=None, reference="price@production", **how):
        asked = Asked(
            reference=reference,
            input=str(source),
            output=str(output),
            pace=Pace(**(pace or {})),
            **how,
        )
        world = World(
            root=self.root,
            environ=self.environ,
            tell=self.told.append,
            moved=lambda rows, share: self.moved.append((rows, share)),
        )
        return predict(asked, self.open_version, world)


@pytest.fixture
def batch_of(tmp_path_factory):
    """From an opened version to its predictions."""
    return lambda opened: Batch(tmp_path_factory.mktemp("project"), lambda _reference: opened)


@pytest.fixture(scope="session")
def served(begin_at, tmp_path_factory):
    """A champion that reads a derived column; the tests leave it as it is."""
    life = begin_at(tmp_path_factory.mktemp("served"))
    life.months(*range(1, 13))
    life.change("clean  =", 'derive = { m2_per_room = "area_m2 / rooms" }\nclean  =')
    life.change('"garden"]', '"garden", "m2_per_room"]')
    life.first_champion()
    return life


@pytest.fixture(scope="session")
def opened(served):
    return served.open("production")


@pytest.fixture
def batch(batch_of, opened):
    """Predictions by that champion."""
    return batch_of(opened)


@pytest.fixture(scope="session")
def houses(served):
    """December's houses in an order of their own, their prices unknown."""
    rows = pl.read_csv(served.root / "data" / "houses-2024-12.csv", try_parse_dates=True)
    return rows.drop("price").sort("area_m2", descending=True)
