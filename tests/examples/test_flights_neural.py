"""Flights month by month: a network goes on from its champion, beside ridge on the same rows."""

import os
import shutil

import pytest

from keepfit.errors import SourceError
from keepfit.lifecycle.begin.nycflights import flights_zip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spring(examples, project_at, tmp_path_factory):
    """The project after a run in March and one in April."""
    pytest.importorskip("torch", reason="needs keepfit[torch]")
    folder = tmp_path_factory.mktemp("neural")
    try:
        flights_zip(folder, os.environ)
    except SourceError as error:
        pytest.skip(f"the flights cannot be had here: {error}")
    project_at(folder).keepfit("init", "flights", "--example", "flights", "--quiet")
    shutil.copy(examples / "flights-neural" / "keepfit.toml", folder / "flights")
    made = project_at(folder / "flights")
    made.keepfit("run", "--as-of", "2013-03")
    made.keepfit("run", "--as-of", "2013-04")
    return made


def judged(project, reference):
    shown = project.told("show", reference)
    (score,) = [s for s in shown["judgement"]["evidence"]["scores"] if s["metric"] == "mae"]
    return score["challenger"], shown


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1"])
def test_it_errs_less_than_ridge_on_the_same_month(spring, version):
    ridge, of_ridge = judged(spring, f"ridge@{version}")
    neural, of_neural = judged(spring, f"neural@{version}")
    rows = [s["judgement"]["evidence"]["rows"] for s in (of_ridge, of_neural)]
    assert rows[0] == rows[1] > 20_000
    assert neural < ridge


def test_in_april_it_goes_on_from_what_march_had_learned(spring):
    _, march = judged(spring, "neural@1.0.0")
    _, april = judged(spring, "neural@1.0.1")
    base = april["manifest"]["recipe"]["warm"]
    assert base["digest"] == march["manifest"]["candidate"]["digest"]
    split = april["judgement"]["evidence"]["split"]
    assert split["before"] > 20_000  # flights that March's had learned from, and April's has not
    first, *_ = april["described"]["epochs"]
    assert first["epoch"] == 0
    assert first["validation"] < 20  # minutes, before the first step


def test_a_server_answers_it_row_by_row(spring):
    _, shown = judged(spring, "neural@1.0.1")
    (agreement,) = shown["judgement"]["evidence"]["compiled"]
    assert agreement["path"] == "rows"
    assert agreement["deviation"] == 0.0
