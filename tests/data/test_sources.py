from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from keepfit.data.files.fingerprint import fingerprint
from keepfit.data.files.sources import find, format_of, without_credentials
from keepfit.data.files.statcache import StatCache
from keepfit.errors import UserError

LATER = 10_000_000_000  # ns


def later() -> int:
    return time.time_ns() + LATER


def test_a_glob_finds_files_by_name_with_format_and_compression(project):
    for name in ("d/b.csv", "d/a.csv.gz", "d/c.parquet", "d/notes.md"):
        project.write(name, "x")
    found = find("rows", "d/*[abc].*", project.root)
    assert [(f.uri, f.format, f.compression) for f in found] == [
        ("d/a.csv.gz", "csv", "gz"),
        ("d/b.csv", "csv", ""),
        ("d/c.parquet", "parquet", ""),
    ]


def test_a_folder_means_all_its_files_of_known_formats(project):
    for name in ("d/b.csv", "d/a.jsonl", "d/notes.md", "d/.hidden.csv", "d/_tmp.csv"):
        project.write(name, "x")
    assert [f.uri for f in find("rows", "d", project.root)] == ["d/a.jsonl", "d/b.csv"]


def test_a_file_named_by_two_patterns_is_read_once(project):
    project.write("a.csv", "x")
    assert len(find("rows", ("a.csv", "*.csv"), project.root)) == 1


def test_a_missing_file_is_told_with_folder_and_the_nearest_name(project):
    project.write("data/trips.csv", "x")
    with pytest.raises(UserError, match=r"no file data/tripps.csv in .*Did you mean `trips.csv`"):
        find("rows", "data/tripps.csv", project.root)


def test_a_glob_that_matches_nothing_is_told_with_what_there_is(project):
    project.write("data/x.csv", "x")
    with pytest.raises(UserError, match=r"no file matches data/trips-\*.parquet in .*x.csv"):
        find("rows", "data/trips-*.parquet", project.root)
    with pytest.raises(UserError, match="there is no folder"):
        find("rows", "dta/*.csv", project.root)


def test_a_name_that_tells_no_format_is_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"\.csv, .*\.parquet"):
        format_of("rows.xlsx")
    with pytest.raises(UserError, match=r"rows\.parquet\.gz"):
        format_of("rows.parquet.gz")


def test_credentials_never_stay_in_an_address():
    told = without_credentials("postgresql://me:secret@db.host:5432/rows?password=x")
    assert told == "postgresql://db.host:5432/rows"


def test_an_unchanged_file_costs_a_stat_and_a_changed_one_is_read_again(project, spec, monkeypatch):
    file = project.write("a.csv", "x,y\n1,2\n")
    data = spec(data={"source": "a.csv"}).data
    cache = StatCache(project.root / "c" / "files.json", now=later)
    first = fingerprint(data, project.root, cache, environ={})
    cache.save()
    monkeypatch.setattr(
        "keepfit.data.files.statcache.sha256_file", lambda path: f"read {path.name}"
    )
    again = StatCache(project.root / "c" / "files.json", now=later)
    assert fingerprint(data, project.root, again, environ={}) == first
    file.write_text("x,y\n1,3\n")
    assert fingerprint(data, project.root, again, environ={})[0][2] == "read a.csv"


def test_a_file_written_a_moment_ago_is_not_remembered(project, monkeypatch):
    # It may be written again within one tick of a coarse clock, with the same size.
    file = project.write("a.csv", "1")
    cache = StatCache(now=lambda: file.stat().st_mtime_ns + 1_000_000)
    cache.digest(file)
    monkeypatch.setattr("keepfit.data.files.statcache.sha256_file", lambda path: "read again")
    assert cache.digest(file) == "read again"


def test_a_file_whose_time_was_set_back_is_read_again(project):
    file = project.write("a.csv", "1")
    cache = StatCache(now=later)
    before, facts = cache.digest(file), file.stat()
    file.write_text("2")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert cache.digest(file) != before


def test_a_damaged_cache_is_an_empty_cache(project):
    damaged = project.write("files.json", '{"files": {"a": [1')
    file = project.write("a.csv", "1")
    assert StatCache(damaged).digest(file) == StatCache().digest(file)


def test_the_file_of_holdout_rows_belongs_to_the_fingerprint(project, spec):
    project.write("a.csv", "x,y\n1,2\n")
    project.write("h.csv", "x,y\n1,2\n")
    data = spec(data={"source": "a.csv"}).data
    told = fingerprint(data, project.root, StatCache(), holdout="h.csv", environ={})
    assert [uri for _, uri, _ in told] == ["a.csv", "h.csv"]


def test_looking_at_local_sources_loads_no_frame_library():
    code = "import keepfit.data.files.sources, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polars", "numpy"} & set(out.stdout.split())
