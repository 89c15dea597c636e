from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest

from keepfit.__version__ import __version__
from keepfit.errors import SystemFailure
from keepfit.train.interpreter import here, is_here, recorded_interpreter
from keepfit.train.recipe import distributions, environment

OURS = f"keepfit=={__version__}"


@pytest.fixture
def wheels(tmp_path):
    """A folder with one wheel, which no index has."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    mark = "tiny-1.0.dist-info"
    with ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "ONE = 1\n")
        wheel.writestr(f"{mark}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        tags = "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{mark}/WHEEL", tags)
        wheel.writestr(f"{mark}/RECORD", "tiny.py,,\n")
    return {**os.environ, "UV_OFFLINE": "1", "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(folder)}


@pytest.fixture
def recorded(tmp_path):
    """An environment of keepfit and one package."""
    known = environment(1, tmp_path)
    return msgspec.structs.replace(known, distributions=(OURS, "tiny==1.0"))


def test_this_environment_is_used_where_it_is_the_recorded_one(tmp_path):
    known = environment(1, tmp_path)
    assert is_here(known)
    found = recorded_interpreter(known, tmp_path / "made", environ={})
    assert found.command == (sys.executable,)
    assert found.words == "this one, which is the recorded one"
    assert not (tmp_path / "made").exists()


def test_another_package_or_python_is_another_environment(tmp_path):
    known = environment(1, tmp_path)
    fewer = msgspec.structs.replace(known, distributions=known.distributions[1:])
    older = msgspec.structs.replace(known, python="3.9.1 (main)")
    assert not is_here(fewer)
    assert not is_here(older)
    assert here(older).words == "this one, which is not the recorded one"


needs_uv = pytest.mark.skipif(
    not (shutil.which("uv") or Path(sys.executable).with_name("uv").exists()), reason="needs uv"
)


@needs_uv
def test_an_environment_is_made_of_exactly_what_was_recorded_and_once(tmp_path, wheels, recorded):
    found = recorded_interpreter(recorded, tmp_path / "made", environ=wheels)
    [place] = (tmp_path / "made").iterdir()
    packages = next(place.glob("lib/**/site-packages"))
    assert distributions([str(packages)]) == (OURS, "tiny==1.0")
    assert (packages / "keepfit" / "train" / "process.py").is_file()
    assert found.command == (str(place / "bin" / "python"),)
    assert recorded_interpreter(recorded, tmp_path / "made", environ={}) == found


@needs_uv
def test_what_no_index_has_is_told_with_what_uv_said_and_nothing_half_made_is_used(
    tmp_path, wheels, recorded
):
    more = msgspec.structs.replace(recorded, distributions=(*recorded.distributions, "wee==2.0"))
    for _ in range(2):
        with pytest.raises(SystemFailure, match=r"uv says: .*wee") as said:
            recorded_interpreter(more, tmp_path / "made", environ=wheels)
        assert "--here" in said.value.hint


def test_a_recipe_that_names_only_a_lock_says_how_to_go_on(tmp_path, recorded):
    old = msgspec.structs.replace(recorded, distributions=(), lock="uv.lock")
    with pytest.raises(SystemFailure, match=r"uv\.lock") as said:
        recorded_interpreter(old, tmp_path, environ={})
    assert "uv sync" in said.value.hint
