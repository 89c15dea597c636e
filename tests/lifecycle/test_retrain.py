"""The same inputs give the same bytes, wherever, whenever and by whomever they are trained."""

import json
import os
import re
import subprocess
import sys

import pytest

from keepfit.digest import canonical
from keepfit.errors import StoreError
from keepfit.lifecycle.retrain import retrain


def published(life):
    """Every file of the newest version with its bytes, and its manifest's."""
    newest = life.state.newest
    folder = life.root / "store" / "m" / "price" / "v" / newest.version / newest.attempt
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


RUN = """
import os, sys
os.umask(int(sys.argv[1], 8))
from keepfit.cli import main
main(["run", "--file", sys.argv[2]])
"""


def run_elsewhere(life, folder, umask, **environ):
    """The same run in a process of its own that has another environment and working folder."""
    folder.mkdir()
    command = [sys.executable, "-c", RUN, umask, str(life.root / "keepfit.toml")]
    env = os.environ | environ
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


def copied(life, folder):
    """The same project in another folder, without its store."""
    for file in sorted(life.root.rglob("*")):
        if file.is_file() and "store" not in file.relative_to(life.root).parts:
            place = folder / file.relative_to(life.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    return type(life)(folder, life.trainer, now=life.now.replace(year=2031))


def test_another_store_folder_clock_zone_hash_seed_and_umask_give_the_same_bytes(life, tmp_path):
    life.retrained()
    other = copied(life, tmp_path / "copy")
    run_elsewhere(
        other,
        tmp_path / "work",
        "077",
        PYTHONHASHSEED="4711",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        KEEPFIT_ACTOR="zoe",
        OMP_NUM_THREADS="2",
    )
    mine, theirs = published(life), published(other)
    assert theirs == mine
    assert {"MANIFEST.json", "evidence.json", "junit.xml", "rows.u64"} < set(mine)
    assert life.state.newest.manifest == other.state.newest.manifest


def test_the_manifest_holds_no_time_and_no_place(life):
    version = life.retrained().version
    manifest = life.registry().manifest("price", version)
    assert manifest.candidate.seconds == 0
    text = published(life)["MANIFEST.json"].decode()
    times = set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+", text))
    assert all(time.startswith("2024-") for time in times)  # those of the rows
    assert str(life.root) not in text
    assert json.loads(text) == json.loads(canonical(manifest))


def test_other_rows_give_other_bytes(life, tmp_path):
    life.retrained()
    other = copied(life, tmp_path / "copy")
    other.months(1, change=lambda lines: lines[1:])
    other.retrained()
    assert published(other)["model/model.json"] != published(life)["model/model.json"]


def test_rows_in_other_files_give_the_same_model(life, tmp_path):
    life.retrained()
    other = copied(life, tmp_path / "copy")
    parts = sorted((other.root / "data").iterdir())
    head = parts[0].read_text().splitlines()[0]
    rows = [row for part in parts for row in part.read_text().splitlines()[1:]]
    for part in parts:
        part.unlink()
    (other.root / "data" / "houses-all.csv").write_text("\n".join([head, *reversed(rows)]) + "\n")
    other.retrained()
    assert published(other)["model/model.json"] == published(life)["model/model.json"]


def test_the_same_run_twice_in_one_store_publishes_once(life):
    first = life.retrained()
    second = retrain(life.model, life.ports(), bump="patch", reason="again")
    assert (second.version, second.already) == (first.version, True)
    assert len(life.state.versions) == 1


def test_a_publication_that_fails_tells_everybody_that_it_is_over(life):
    in_the_way = life.root / "store" / "m" / "price" / "v"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("where the folder of versions should be")
    with pytest.raises(StoreError):
        life.run()
    assert [attempt.status for attempt in life.state.attempts.values()] == ["published", "aborted"]
    assert not life.state.versions
    in_the_way.unlink()
    assert life.retrained().version.startswith("1.0.0")
