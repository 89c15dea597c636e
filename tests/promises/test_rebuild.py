"""R1: every version of every kind is made again bit for bit, wherever and by whomever.

The quick suite makes each kind's version again in a world in which everything is otherwise that may
be; `make soak` takes twenty seeds and one more thing at a time, each in processes of its own.
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from keepfit import kinds
from keepfit.config.load import load
from keepfit.data.files.statcache import StatCache
from keepfit.evaluate import names
from keepfit.lifecycle.model import models_of
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild
from keepfit.lifecycle.run import How, run
from keepfit.store.backends.local import LocalStore
from keepfit.store.registry import Registry
from keepfit.train.worker import Trainer

pytestmark = pytest.mark.slow

KINDS = runpy.run_path(str(Path(__file__).with_name("test_kinds.py")))
CASES, rows = KINDS["CASES"], KINDS["rows"]
SEEDS = int(os.environ.get("KEEPFIT_SEEDS", "20"))

MODEL = """
[model.{name}]
kind = "{kind}"
target = "{target}"
features = {features}
encode = {{ categorical = {categorical} }}
split = {{ by = "random", holdout = 0.3, seed = {seed} }}
data = {{ source = "rows.csv", key = ["id"], types = {{ code = "text" }}, {more} }}
"""
# Text, numbers and a function of the project's own take part.
STEPS = """
import polars as pl
from levels import ORDER


def change(rows):
    return rows.with_columns(age=pl.col("age") + pl.col("colour").replace_strict(
        ORDER, default=0, return_dtype=pl.Int64))
"""
LEVELS = 'ORDER = {name: place for place, name in enumerate(["blue", "red"])}\n'


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """A library that turns the clock ten years on, and every listing of a folder about."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    source = tmp_path_factory.mktemp("shim") / "otherwise.c"
    source.write_text(SHIM)
    made = source.with_suffix(".so")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return made


SHIM = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#define YEARS (10L * 365 * 86400)
int clock_gettime(clockid_t id, struct timespec *ts) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(id, ts);
    if (!done && id == CLOCK_REALTIME) ts->tv_sec += YEARS;
    return done;
}
int gettimeofday(struct timeval *tv, void *tz) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (out) *out = ts.tv_sec;
    return ts.tv_sec;
}
static struct { DIR *dir; struct dirent64 *found; long left; } open_[256];
struct dirent64 *readdir64(DIR *dir) {
    static struct dirent64 *(*real)(DIR *);
    if (!real) real = dlsym(RTLD_NEXT, "readdir64");
    int place = -1;
    for (int i = 0; i < 256 && place < 0; i++) if (open_[i].dir == dir) place = i;
    if (place < 0) {
        for (int i = 0; i < 256 && place < 0; i++) if (!open_[i].dir) place = i;
        if (place < 0) return real(dir);
        struct dirent64 *next, *found = NULL;
        long count = 0;
        while ((next = real(dir))) {
            found = realloc(found, (count + 1) * sizeof *found);
            size_t size = next->d_reclen < sizeof *next ? next->d_reclen : sizeof *next;
            memcpy(&found[count++], next, size);
        }
        open_[place].dir = dir; open_[place].found = found; open_[place].left = count;
    }
    if (open_[place].left <= 0) return NULL;
    return &open_[place].found[--open_[place].left];
}
struct dirent *readdir(DIR *dir) { return (struct dirent *)readdir64(dir); }
int closedir(DIR *dir) {
    static int (*real)(DIR *);
    if (!real) real = dlsym(RTLD_NEXT, "closedir");
    for (int i = 0; i < 256; i++) if (open_[i].dir == dir) {
        free(open_[i].found); open_[i].dir = NULL; open_[i].found = NULL; open_[i].left = 0;
    }
    return real(dir);
}
"""


@dataclass(frozen=True)
class Otherwise:
    """What of the world is not as it was when the version was made."""

    environ: Mapping[str, str]
    before: tuple[str, ...] = ()  # the command that starts the interpreter
    moved: bool = False  # the project and its store lie in another folder

    def __or__(self, other: Otherwise) -> Otherwise:
        environ = {**self.environ, **other.environ}
        return Otherwise(environ, other.before + self.before, self.moved or other.moved)

    def start(self, python: Sequence[str], pins: Mapping[str, str]) -> Trainer:
        """Training processes of that world."""
        environ = {**os.environ, **self.environ}
        return Trainer(environ, python=(*self.before, *python), pins=pins)


def worlds(shim, folder):
    """One thing each that is otherwise, where this machine can do it."""
    strange = {"a folder": folder, "with spaces": folder / "a b", "home": folder / "home"}
    for place in strange.values():
        place.mkdir(exist_ok=True)
    noise = {f"NOISE_{n}": "x" * n for n in range(300)}
    found = {
        "user": Otherwise({"USER": "eve", "LOGNAME": "eve", "KEEPFIT_ACTOR": "eve"}),
        "home": Otherwise({"HOME": str(strange["home"]), "XDG_CONFIG_HOME": "/nowhere"}),
        "time zone": Otherwise({"TZ": "Pacific/Kiritimati"}),
        "locale": Otherwise({"LANG": "tr_TR.UTF-8", "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "tr"}),
        "hash seed": Otherwise({"PYTHONHASHSEED": "4242"}),
        "threads": Otherwise({"OMP_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2"}),
        "temporary folder": Otherwise({"TMPDIR": str(strange["with spaces"])}),
        "noise": Otherwise(noise),
        "second checkout": Otherwise({}, moved=True),
        "umask": Otherwise({}, ("sh", "-c", 'umask 077; exec "$@"', "sh")),
    }
    programs = {
        "working folder": ("env", "-C", str(strange["with spaces"])),
        "one processor": ("taskset", "-c", "0"),
        "hostname": ("unshare", "--uts", "sh", "-c", 'hostname eve && exec "$@"', "sh"),
        "no random addresses": ("setarch", "-R"),
    }
    for name, before in programs.items():
        if works(*before):
            found[name] = Otherwise({}, before)
    if shim is not None and works(*(preloaded := ("env", f"LD_PRELOAD={shim}"))):
        found["clock and listings"] = Otherwise({}, preloaded)
    return found


def works(*before):
    if shutil.which(before[0]) is None:
        return False
    done = subprocess.run([*before, sys.executable, "-c", ""], capture_output=True, check=False)
    return done.returncode == 0


def made(folder, seed):
    """A project with a version of every kind there is, made with this seed."""
    folder.mkdir(parents=True)
    rows(120, seed).with_row_index("id").write_csv(folder / "rows.csv")
    (folder / "steps.py").write_text(STEPS)
    (folder / "levels.py").write_text(LEVELS)
    text = '[project]\nname = "all"\n'
    for name, case in at_hand().items():
        text += MODEL.format(
            name=name,
            kind=case.kind,
            target=case.target,
            features=list(case.features),
            categorical=["zone"] if "zone" in case.features else [],
            seed=seed,
            more='transform = "steps:change"' if seed % 2 else "clean = { known = 'age < 85' }",
        )
        text += f"[model.{name}.params]\n" if case.params else ""
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in case.params.items())
    (folder / "keepfit.toml").write_text(text)
    shutil.copy(Path(__file__).with_name("own_kinds.py"), folder)  # what kind `python` names
    shutil.copytree(KINDS["sentences"](), folder, dirs_exist_ok=True)
    with Trainer() as trainer:
        for done in run(models(folder), ports(folder, trainer), How()):
            if done.error:
                raise done.error


def at_hand():
    """The cases by names that models may have."""
    found = {name.replace(", ", "-").replace(" ", "-"): case for name, case in CASES.items()}
    return {n: c for n, c in found.items() if c.kind != "sklearn" or shutil.which("true")}


def models(folder):
    known = {"params_of": kinds.params_of, "kinds": kinds.known, "metrics": names.problem}
    return models_of(load(folder / "keepfit.toml", {}, **known))


def ports(folder, trainer):
    clock = partial(datetime.now, UTC)
    registry = Registry(LocalStore(folder / "store"), clock=clock, actor="ann")
    return Ports(registry, trainer, clock, os.environ, StatCache())


class Shared:
    """One process for several rebuilds: `with` does not end it."""

    def __init__(self, trainer):
        self.trainer = trainer

    def train(self, job):
        return self.trainer.train(job)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def rebuilt(folder, world, *, shared):
    """How many versions of the project came out how, in that world."""
    if world.moved:
        other = folder.parent / f"{folder.name} elsewhere" / "deep"
        folder = shutil.copytree(folder, other)
    outcomes = Counter()
    at = ports(folder, None)
    trainers = {}

    def start(python, pins):
        if not shared:
            return world.start(python, pins)
        trainer = trainers.setdefault(str(pins), world.start(python, pins))
        return Shared(trainer)

    try:
        for model in models(folder):
            row = at.registry.state(model.name).newest
            found = rebuild(row, model.name, at, Scene(folder, start=start))
            assert found.outcome == "IDENTICAL", (model.name, world, found.differs)
            outcomes[found.outcome] += 1
    finally:
        for trainer in trainers.values():
            trainer.close()
    return outcomes


def test_every_kind_is_made_again_bit_for_bit_where_everything_is_otherwise(tmp_path, shim):
    for package in ("sklearn", "catboost", "lightgbm", "torch", "tokenizers", "onnx"):
        pytest.importorskip(package)
    found = worlds(shim, tmp_path)
    everything = Otherwise({})
    for world in found.values():
        everything |= world
    made(tmp_path / "project", 1)
    outcomes = rebuilt(tmp_path / "project", everything, shared=True)
    print(f"R1: {dict(outcomes)} with other {', '.join(found)}")
    assert outcomes == {"IDENTICAL": len(CASES)}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_every_kind_is_made_again_bit_for_bit_whatever_is_otherwise(tmp_path, shim, seed):
    made(tmp_path / "project", seed)
    outcomes = Counter()
    for number, world in enumerate(worlds(shim, tmp_path).values()):
        # Each thing for itself; some in a process a version, as `keepfit rebuild` does.
        outcomes += rebuilt(tmp_path / "project", world, shared=(number + seed) % 5 != 0)
    print(f"R1, seed {seed}: {dict(outcomes)}")
    assert outcomes.keys() == {"IDENTICAL"}


def test_a_world_that_does_matter_is_seen(tmp_path):
    """The test of this file can fail: other kernels in the process make another model."""
    made(tmp_path / "project", 1)
    row_world = Otherwise({}, ("env", "PYTHONHASHSEED=1", "OPENBLAS_CORETYPE=Prescott"))
    at = ports(tmp_path / "project", None)
    (model,) = [m for m in models(tmp_path / "project") if m.name == "linear"]
    row = at.registry.state(model.name).newest
    scene = Scene(tmp_path / "project", start=row_world.start)
    assert rebuild(row, model.name, at, scene).differs
