"""A small project of real files, a clock that a test sets, and people who answer."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keepfit import kinds
from keepfit.config.load import load
from keepfit.data.files.statcache import StatCache
from keepfit.evaluate import names
from keepfit.lifecycle.begin.houses import houses_csv
from keepfit.lifecycle.look import judgement_of
from keepfit.lifecycle.model import model_of
from keepfit.lifecycle.open import open_reference
from keepfit.lifecycle.plan import plan
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.releasing.approve import approve, pending
from keepfit.lifecycle.run import How, run
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry
from keepfit.train.worker import Trainer

PROJECT = """\
[project]
name = "houses"

[model.price]
kind     = "ridge"
target   = "price"
features = ["area_m2", "rooms", "age_years", "district", "garden"]
owner    = "valuers"

[model.price.data]
source = "data/houses-*.csv"
time   = "sold_on"
key    = ["house_id"]
types  = { sold_on = "date" }
clean  = { a-price-not-a-typo = "price > 1000" }

[model.price.split]
holdout = "2 months"

[model.price.params]
alpha = 0.1

[model.price.gate]
metric = "mae"
rules  = [{ metric = "mae", max = 20000 }]
"""

HEADER, *SALES = houses_csv().splitlines()


def sales_of(month):
    """The starter's sales of one month of 2024, as lines of CSV."""
    return [line for line in SALES if line.split(",")[1].startswith(f"2024-{month:02}")]


@dataclass(repr=False)
class Life:
    """A project in a folder, and the world around it."""

    root: Path
    trainer: Trainer
    now: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    cache: StatCache = field(default_factory=StatCache)
    name: str = "price"

    def months(self, *months, change=lambda lines: lines):
        for month in months:
            file = self.root / "data" / f"houses-2024-{month:02}.csv"
            file.parent.mkdir(exist_ok=True)
            file.write_text("\n".join([HEADER, *change(sales_of(month))]) + "\n")

    def change(self, old, new):
        text = (self.root / "keepfit.toml").read_text()
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        (self.root / "keepfit.toml").write_text(text.replace(old, new))

    def add(self, text):
        with (self.root / "keepfit.toml").open("a") as file:
            file.write(f"\n{text}\n")

    def code(self, name, text):
        (self.root / f"{name}.py").write_text(text)

    def wait(self, **span):
        self.now += timedelta(**span)

    @property
    def project(self):
        at_hand = {"params_of": kinds.params_of, "kinds": kinds.known, "metrics": names.problem}
        return load(self.root / "keepfit.toml", {}, **at_hand)

    @property
    def model(self):
        return model_of(self.project, self.name, cache=self.cache)

    def registry(self, actor="ana"):
        return Registry(LocalStore(self.root / "store"), clock=lambda: self.now, actor=actor)

    def ports(self, actor="ana"):
        return Ports(
            registry=self.registry(actor),
            trainer=self.trainer,
            clock=lambda: self.now,
            environ=os.environ,
            cache=self.cache,
        )

    @property
    def state(self):
        return self.registry().state(self.name)

    @property
    def stages(self):
        """What each stage holds, by number."""
        held = self.state.stages.items()
        return {stage: promotion.version.split("-")[0] for stage, promotion in held}

    def plan(self):
        return plan(self.model, self.ports())

    def run(self, **how):
        """What a run did; raises what went wrong."""
        (done,) = run([self.model], self.ports(), How(**how))
        if done.error:
            raise done.error
        return done

    def retrained(self, **how):
        """What became of the model in a run, in which it was due."""
        done = self.run(**how)
        assert done.result is not None, done.plan.reasons
        return done.result

    def approve(self, actor="boss", reason=""):
        request = pending(self.model, self.state, None)
        return approve(self.model, self.registry(actor), request, reason)

    def first_champion(self):
        """Run, and let what comes of it into production."""
        result = self.retrained()
        self.approve()
        return result

    def judgement(self, version=None):
        state = self.state
        held = state.versions[version] if version else state.newest
        return judgement_of(self.registry(), self.name, held)

    def open(self, selector):
        reference = f"{self.name}@{selector}"
        return open_reference(self.registry(), reference, self.project.stages, self.root)

    def tree(self):
        """Every file below the project with its bytes."""
        files = sorted(file for file in self.root.rglob("*") if file.is_file())
        return {file.relative_to(self.root).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="session")
def trainer():
    with Trainer() as trainer:
        trainer.start()
        yield trainer


@pytest.fixture(scope="session")
def begin_at(trainer):
    """The project without any rows, begun in a folder."""

    def begin(folder):
        (folder / "keepfit.toml").write_text(PROJECT)
        return Life(folder, trainer)

    return begin


@pytest.fixture
def bare(tmp_path, begin_at):
    """The project without any rows."""
    return begin_at(tmp_path)


@pytest.fixture
def life(bare):
    """The project with the first ten months."""
    bare.months(*range(1, 11))
    return bare
