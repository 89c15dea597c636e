"""keepfit rebuild and restore, from the command line: words, JSON and exit codes."""

import json
import os
import shutil

import polars as pl
import pytest


def test_rebuild_says_identical_and_where_it_all_came_from(trained, call):
    before = sorted(trained.store.rglob("*"))
    said = call(trained, "rebuild", "fare@1.0.0")
    assert said.code == 0, said.err
    head, *rest = said.out.splitlines()
    assert head.startswith("✓ fare 1.0.0-x")
    assert "IDENTICAL" in head
    assert "  data: 120 rows in 3 stored files" in rest
    assert "  environment: this one, which is the recorded one" in rest
    assert sorted(trained.store.rglob("*")) == before
    assert not list((trained.root / ".keepfit").glob("rebuild-*"))


@pytest.mark.parametrize("selector", ["staging", "latest", "1", "1.0"])
def test_a_version_is_rebuilt_by_every_spelling(trained, call, selector):
    found = json.loads(call(trained, "rebuild", f"fare@{selector}", "--json").out)
    assert (found["outcome"], found["files"]) == ("IDENTICAL", 2)
    assert "differs" not in found


def test_rows_that_are_gone_are_exit_code_4(trained, call):
    shutil.rmtree(trained.store / "m" / "fare" / "p")
    shutil.rmtree(trained.root / "data")
    call(trained, "rebuild", "fare@1.0.0").refuses(4, "trips-2013-01.csv", "neither the store nor")


def test_a_manifest_that_was_changed_is_exit_code_4(trained, call):
    manifest = trained.version_file("MANIFEST.json")
    manifest.write_bytes(manifest.read_bytes().replace(b'"alpha":1.0', b'"alpha":2.0'))
    call(trained, "rebuild", "fare@1.0.0").refuses(4, "MANIFEST.json was changed")


def test_a_version_that_is_different_is_exit_code_3_with_the_cause(trained, call):
    code = "import os\nimport polars as pl\ndef change(rows):\n"
    code += "    km = pl.col('distance_km') % int(os.environ.get('WHEEL', '7'))\n"
    code += "    return rows.with_columns(distance_km=km)\n"
    trained.file("steps.py").write_text(code)
    trained.edit("keepfit.toml", "time =", 'transform = "steps:change"\ntime =')
    assert call(trained, "run").code in {0, 3}
    said = call(trained, "rebuild", "fare@latest", WHEEL="5")
    said.refuses(3, "is DIFFERENT; the environment", "environment variable WHEEL", "steps.py:4")
    assert "✗ prepared rows: the prepared training rows differ in distance_km" in said.out


@pytest.mark.parametrize("verb", ["rebuild", "restore"])
def test_what_is_not_there_is_told_with_what_there_is(trained, call, verb):
    call(trained, verb, "fare@3.1.4").refuses(2, "there is no version of fare")
    call(trained, verb, "fair@1.0.0").refuses(2, "there is no")


def test_restore_of_what_is_live_has_nothing_to_do(trained, call):
    before = sorted(trained.store.rglob("*"))
    said = call(trained, "restore", "fare@1.0.0")
    assert (said.code, "is live: nothing is to be restored" in said.out) == (0, True)
    assert sorted(trained.store.rglob("*")) == before


KEEP = """
[model.fare.gate]
rules = [{ metric = "mae", max = 0.0 }]

[model.fare.keep]
versions = 1
days = 0
recipes = "1 year"
"""


def test_gc_keeps_a_recipe_and_restore_has_the_version_back(project, call):
    with project.file("keepfit.toml").open("a") as file:
        file.write(KEEP)  # the gate lets nothing pass, so no stage needs any of them
    for alpha in ("1.0", "2.0"):
        assert call(project, "run", "--set", f"model.fare.params.alpha={alpha}").code == 3
    before = {file: file.read_bytes() for file in project.store.glob("m/fare/v/1.0.0-*/*/**/*.*")}
    call(project, "gc", "--yes")
    for file in project.store.rglob("*"):
        os.utime(file, (file.stat().st_mtime - 8 * 86400,) * 2)
    shown = call(project, "gc").out
    assert "keep its recipe" in shown
    assert "keep its recipe: deleted 7 days ago" in call(project, "gc", "--yes").out
    assert "kept as recipe" in call(project, "history", "fare").out
    call(project, "show", "fare@1.0.0").refuses(3, "collected to its recipe", "keepfit restore")
    assert "its recipe is kept until" in call(project, "gc").out
    assert "IDENTICAL" in call(project, "rebuild", "fare@1.0.0").out
    said = call(project, "restore", "fare@1.0.0", "--op", "back")
    assert "IDENTICAL, and live again" in said.out
    again = call(project, "restore", "fare@1.0.0", "--op", "back", "--json")
    assert json.loads(again.out)["status"] == "live"
    after = [file.read_bytes() for file in project.store.glob("m/fare/v/1.0.0-*/*/**/*.*")]
    assert set(before.values()) <= set(after)
    assert "restored" in call(project, "history", "fare").out
    assert call(project, "show", "fare@1.0.0").code == 0
    assert said.out.endswith('keepfit pin fare@1.0.0 --reason "…"\n')
    call(project, "pin", "fare@1.0.0", "--reason", "it is needed")
    assert call(project, "gc", "--yes").code == 0
    assert len(project.versions()) == 2


def test_rules_that_use_those_before_them_are_followed_in_the_order_of_the_file(project):
    rules = 'root = "sqrt(distance_km)", km = "root * root", distance_km = "distance_km * 100"'
    project.edit(
        "keepfit.toml", "[model.fare.split]", f"derive = {{ {rules} }}\n[model.fare.split]"
    )
    project.edit("keepfit.toml", '["distance_km", "borough"]', '["km", "borough"]')
    assert project.keepfit("run").code == 0
    assert "IDENTICAL" in project.keepfit("rebuild", "fare@latest").out
    rows = pl.DataFrame({"trip_id": [1, 2], "distance_km": [4, 9], "borough": ["queens", "bronx"]})
    rows.with_columns(pickup_at=pl.lit("2013-04-01T00:00:00")).write_csv(project.file("in.csv"))
    assert project.keepfit("predict", "fare@latest", "in.csv", "out.csv").code == 0
    said = pl.read_csv(project.file("out.csv"))["prediction"].to_list()
    assert said == pytest.approx([11, 21], abs=0.5)
    assert "nothing changed" in project.keepfit("plan").out
    project.edit("keepfit.toml", rules, ", ".join(reversed(rules.split(", "))))
    assert "data.derive in another order (minor version)" in project.keepfit("plan").out
