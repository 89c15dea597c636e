"""R2: fifteen things that make a rebuild another, planted in a project's transform, in a kind of
its own, or in the process that trains; each is seen, and its cause is named.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import pytest

from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild
from keepfit.train.worker import Trainer

pytestmark = pytest.mark.slow

# A kind that learns one number, by whatever way `number` and `files` say.
KIND = '''
import {imports}
from dataclasses import dataclass
import msgspec
import numpy as np
import polars as pl
from keepfit.kinds.base import Params, Prediction


class NoParams(Params):
    """Nothing."""

@dataclass(frozen=True)
class Odd:
    value: float
    saved: dict
    classes: tuple = ()
    def expression(self):
        return None
    def predict(self, rows):
        return Prediction(pl.Series("prediction", [self.value] * rows.height, dtype=pl.Float64))
    def save(self):
        return self.saved
    def describe(self):
        return {{"value": self.value}}
    {parameters}

def number(train, target):
    values = train[target].cast(pl.Float64).to_numpy()
    {number}

def files(value):
    plain = msgspec.json.encode({{"value": value}})
    {files}

class OddKind:
    params = NoParams
    def task(self, params):
        return "regression"
    def fit(self, lesson, params, *, seed, threads):
        value = float(number(lesson.train, lesson.target))
        return Odd(value, files(value))
    def load(self, files):
        return Odd(value_in(files), dict(files))

def value_in(files):
    if "model.zip" in files:
        with zipfile.ZipFile(io.BytesIO(files["model.zip"])) as archive:
            names = sorted(archive.namelist())
            return msgspec.json.decode(archive.read(names[0]))["value"]
    return msgspec.json.decode(files["odd.json"])["value"]

ODD = OddKind()
'''
MEAN = "return values.mean()"
PLAIN = 'return {"odd.json": plain}'
OWN = 'def parameters(self):\n        return {"value": self.value}'


def kind(number=MEAN, files=PLAIN, parameters=""):
    modules = "io, os, random, time, uuid, zipfile"
    body = {"number": number, "files": files, "parameters": parameters}
    indented = {name: text.replace("\n", "\n    ") for name, text in body.items()}
    return KIND.format(imports=modules, **indented)


def transform(body):
    """A module whose `change` adds the column `extra`."""
    lines = "\n    ".join(body.strip().splitlines())
    return (
        "import locale, os, random, time, uuid\nimport polars as pl\n"
        f"def change(rows):\n    {lines}\n    return rows.with_columns(extra=extra)\n"
    )


class Planted(NamedTuple):
    """What is planted, what changes before the rebuild, and what must be said of it."""

    cause: str  # the input that must be named
    words: str  # in the texts of what differs
    code: str = ""  # of steps.py
    kind: str = ""  # of the package odd
    then: Mapping[str, str] = MappingProxyType({})  # the rebuild's environment, beside the run's
    pins: Mapping[str, str] = MappingProxyType({})  # settings that its process has instead
    outcome: str = "DIFFERENT"


ZIP = """
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    archive.writestr(NAME, plain)
return {"model.zip": buffer.getvalue()}
""".strip()
RACE = """
from concurrent.futures import ThreadPoolExecutor, as_completed
def part(n):
    time.sleep(random.Random(time.time_ns()).random() / 50)
    return (1e16, -1e16)[n % 2] / 3 ** (n // 2 % 20)
with ThreadPoolExecutor(4) as pool:
    jobs = [pool.submit(part, n) for n in range(64)]
    total = 0.0
    for job in as_completed(jobs):
        total += job.result()
return total
""".strip()
SVD = """
rows = np.outer(values, values[::-1]) / 7
return np.linalg.svd(rows @ rows.T)[0].sum()
""".strip()
GUID = """
told = {"value": value, "guid": uuid.uuid4().hex}
return {"odd.json": msgspec.json.encode(told)}
""".strip()
RATE = """
rate = float(os.environ.get("RATE", "2"))
extra = pl.col("rooms") * rate + pl.col("age_years")
"""
JOBS = """
import threading
got = []
def work(n):
    time.sleep(random.Random(os.urandom(4)).random() / 100)
    got.append(n)
workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
return sum(n * 10.0**place for place, n in enumerate(got))
""".strip()
PLANTED = {
    "threads": Planted(
        "threads", "OMP_NUM_THREADS: 1 → 2",
        kind=kind('return values.mean() + float(os.environ["OMP_NUM_THREADS"])'),
        pins={"OMP_NUM_THREADS": "2"},
    ),
    "core type": Planted(
        "CPU kernels", "OPENBLAS_CORETYPE",
        kind=kind(SVD),
        pins={"OPENBLAS_CORETYPE": "Prescott"},
    ),
    "unsorted listing": Planted(
        "a folder's listing", "steps.py:4 asks for a folder's listing (posix.listdir)",
        transform("""
names = os.listdir("LEVELS")
extra = pl.col("rooms") * (1 + names.index("b")) + pl.col("age_years")
"""),
    ),
    "time": Planted(
        "a clock", "steps.py:4 asks for a clock (time.time)",
        transform('extra = pl.col("rooms") * (time.time() % 10)+ pl.col("age_years")'),
    ),
    "uuid": Planted(
        "chance", "steps.py:4 asks for chance (uuid.uuid4)",
        transform('extra = pl.col("age_years") * (1 + uuid.uuid4().int % 10**6)'),
    ),
    "set order": Planted(
        "hash seed", "PYTHONHASHSEED: 0 → 7",
        transform("""
order = list({"a", "b", "c", "d", "e", "f", "g"})
extra = pl.col("rooms") * (1 + order.index("b")) + pl.col("age_years")
"""),
        pins={"PYTHONHASHSEED": "7"},
    ),
    "order of a set of objects": Planted(
        "memory addresses", "addresses of objects",
        transform("""
made = [type(f"t{n}", (), {}) for n in range(999)]
order = [one.__name__ for one in set(made)]
extra = pl.col("rooms") * (1 + order.index("t7")) + pl.col("age_years") * order.index("t8")
"""),
    ),
    "float sum order": Planted("threads", "odd.py:", kind=kind(RACE)),
    "n_jobs": Planted("threads", "asks for threads (threading.start", kind=kind(JOBS)),
    "a guid in the file": Planted(
        "chance", "odd.json: guid",
        kind=kind(files=GUID, parameters=OWN),
        outcome="EQUAL",
    ),
    "ids of memory in the file": Planted(
        "memory addresses", "asks for memory addresses (builtins.id)",
        kind=kind(files=ZIP.replace("NAME", 'f"{id(plain)}.json"'), parameters=OWN),
        outcome="EQUAL",
    ),
    "times in the archive": Planted(
        "a clock", "date_time of value.json in the archive, though it says the same",
        kind=kind(files="time.sleep(2.1)\n" + ZIP.replace("NAME", '"value.json"')),
        outcome="EQUAL",
    ),
    "locale sort": Planted(
        "locale", "LC_ALL: C.UTF-8 → C",
        transform("""
name = locale.setlocale(locale.LC_COLLATE, "")
order = sorted(["b", "a"], key=locale.strxfrm, reverse=name == "C")
extra = pl.col("rooms") * (1 + order.index("b")) + pl.col("age_years")
"""),
        pins={"LC_ALL": "C"},
    ),
    "env leak": Planted(
        "the environment", "steps.py:4 asks for the environment (environment variable RATE)",
        transform(RATE),
        then={"RATE": "3"},
    ),
    "row order": Planted(
        "row order", "the same, but in another order",
        kind=kind("return (values * np.arange(values.size)).mean()"),
        then={"BACKWARDS": "1"},
    ),
    "unpinned dependency": Planted(
        "environment", "levels 1.0 → 2.0",
        transform('import levels\nextra = pl.col("rooms") * levels.RATE + pl.col("age_years")'),
        then={"LEVELS_VERSION": "2.0"},
    ),
}  # fmt: skip


# What a reader of files might do that gives rows in another order than the one of then.
BACKWARDS = """
import os
if os.environ.get("BACKWARDS"):
    from dataclasses import replace
    from keepfit.data import prepare
    real = prepare.cut
    def cut(*given, **options):
        split = real(*given, **options)
        return replace(split, train=split.train.reverse())
    prepare.cut = cut
"""


# A kind that is not keepfit's own is trained twice to see if it gives the same, unless that takes
# long: these would be caught by it.
NOT_TWICE = """
import sys
import keepfit.train.fit
sys.modules["keepfit.train.fit"]._LONG = 0.0
"""


def package(site, name, version, code, entry=""):
    """An installed package, as far as Python looks."""
    mark = site / f"{name}-{version}.dist-info"
    mark.mkdir(parents=True)
    (mark / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (mark / "entry_points.txt").write_text(entry)
    (site / f"{name}.py").write_text(code)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of packages for this process; the training process has it by PYTHONPATH."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in ("odd", "levels", "steps"):
        sys.modules.pop(name, None)


# On a busy machine threads allocate in another order each time: no two trainings agree then.
BY_CHANCE = {"order of a set of objects"}


@pytest.mark.parametrize("name", PLANTED)
def test_whatever_makes_a_rebuild_another_is_named(name, life, site, tmp_path, monkeypatch):
    planted = PLANTED[name]
    then = prepare(planted, name, life, site, monkeypatch)
    with Trainer(os.environ | {"PYTHONPATH": str(site)}) as trainer:
        replace(life, trainer=trainer).retrained()
    change_the_world(name, tmp_path)

    def start(python, pins):
        return Trainer(os.environ | then, python=python, pins={**pins, **planted.pins})

    row = life.state.newest
    found = rebuild(row, "price", life.ports(), Scene(life.root, start=start, any_environment=True))
    said = [f"{one.input}: {one.text}" for one in found.differs]
    print(f"{name}: {found.outcome}; first: {found.cause}")
    assert found.outcome == planted.outcome, said
    if name in BY_CHANCE and found.differs[0].input == "chance":
        assert any("differ in extra" in one for one in said), (
            said
        )  # the place is named all the same
        return
    assert found.differs[0].input == planted.cause, said
    assert any(planted.words in one for one in said), said


def prepare(planted, name, life, site, monkeypatch):
    """The project with what is planted; what the rebuild finds in its environment."""
    if planted.code:
        life.change("clean  =", 'transform = "steps:change"\nclean  =')
        life.change('"garden"]', '"garden", "extra"]')
        life.code("steps", planted.code.replace("LEVELS", str(site / "some-levels")))
    if planted.kind:
        life.change('"ridge"', '"odd"')
        life.change("[model.price.params]\nalpha = 0.1", "")
        entry = "[keepfit.kinds]\nodd = odd:ODD\n"
        package(site, "odd", "1.0", planted.kind, entry)
    (site / "some-levels").mkdir()
    for level in "abc":
        (site / "some-levels" / level).touch()
    package(site, "levels", "1.0", "RATE = 2.0")
    (site / "sitecustomize.py").write_text(BACKWARDS + (NOT_TWICE if planted.kind else ""))
    return {"PYTHONPATH": str(site), **planted.then}


def listed(folder):
    """The names in the order in which the system tells them."""
    return [path.name for path in folder.iterdir()]


def change_the_world(name, tmp_path):
    """What changes between the run and the rebuild and is no variable."""
    levels = tmp_path / "site" / "some-levels"
    if name == "unsorted listing":
        before = listed(levels).index("b")
        for number in range(99):
            (levels / f"more-{number}").touch()
            if listed(levels).index("b") != before:
                return
    if name == "unpinned dependency":
        (tmp_path / "site" / "levels-1.0.dist-info").rename(
            tmp_path / "site" / "levels-2.0.dist-info"
        )
        # Python would take a file of the same second and size for the one that it compiled
        (tmp_path / "site" / "levels.py").write_text("RATE = 3.00")
