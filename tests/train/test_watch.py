from __future__ import annotations

import importlib.util
import sys

import pytest

from keepfit.train.watch import Watch

CODE = """
import datetime, locale, os, random, socket, subprocess, tempfile, threading, time, uuid
from pathlib import Path
import numpy as np
import polars as pl

def act(folder):
    return {body}
"""


def asked(tmp_path, body):
    """What a module with this function asks for, as text."""
    file = tmp_path / "steps.py"
    file.write_text(CODE.format(body=body))
    spec = importlib.util.spec_from_file_location("steps", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "some.csv").write_text("a\n1\n")
    before = sys.getprofile()
    with Watch((str(tmp_path),)) as watch:
        module.act(tmp_path)
    assert sys.getprofile() is before
    assert {one.place for one in watch.asked} <= {"steps.py:8"}
    return [f"{one.what}: {one.call}" for one in watch.asked]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("time.time()", "a clock: time.time"),
        ("datetime.datetime.now()", "a clock: datetime.datetime.now"),
        ("datetime.date.today()", "a clock: datetime.date.today"),
        ("uuid.uuid4()", "chance: uuid.uuid4"),
        ("random.random()", "chance: random.Random.random"),
        ("random.shuffle([1, 2])", "chance: random.shuffle"),
        ("random.Random()", "chance: random.Random"),
        ("np.random.default_rng()", "chance: "),
        ("os.urandom(2)", "chance: posix.urandom"),
        ("os.listdir(folder)", "a folder's listing: posix.listdir"),
        ("list(folder.iterdir())", "a folder's listing: pathlib.iterdir"),
        ("open(folder / 'some.csv').close()", "a file: io.open"),
        ("(folder / 'some.csv').read_text()", "a file: pathlib."),
        ("pl.read_csv(folder / 'some.csv')", "a file: polars.read_csv"),
        ("pl.scan_csv(folder / 'some.csv').collect()", "a file: polars.scan_csv"),
        ("os.environ.get('RATE')", "the environment: environment variable RATE"),
        ("os.getenv('RATE', '2')", "the environment: environment variable RATE"),
        ("os.getcwd()", "the machine: posix.getcwd"),
        ("os.cpu_count()", "the machine: posix.cpu_count"),
        ("socket.gethostname()", "the machine: _socket.gethostname"),
        ("id(folder)", "memory addresses: builtins.id"),
        ("locale.strxfrm('a')", "the locale: _locale.strxfrm"),
        ("threading.Thread(target=int).start()", "threads: threading.start"),
        ("subprocess.run(['true'])", "another process: subprocess.run"),
    ],
)
def test_what_no_recipe_holds_is_noted_with_its_place(tmp_path, body, found):
    assert any(one.startswith(found) for one in asked(tmp_path, body)), asked(tmp_path, body)


@pytest.mark.parametrize(
    "body",
    [
        "sum(range(9))",
        "random.Random(7).random()",
        "np.random.default_rng(7).normal()",
        "pl.DataFrame({'a': [1, 2]}).lazy().filter(pl.col('a') > 1).collect().to_dicts()",
        "pl.Series([1, 2]).sample(1, seed=3)",
        "__import__('colorsys')",
        "datetime.datetime(2024, 1, 1).isoformat()",
    ],
)
def test_what_answers_alike_each_time_is_not(tmp_path, body):
    assert asked(tmp_path, body) == []
