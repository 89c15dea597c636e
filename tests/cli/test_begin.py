"""init gives a project that works at once: checked, run, predicted."""

import json
from types import SimpleNamespace

import polars as pl
import pytest
from sklearn import datasets


@pytest.fixture
def here(tmp_path):
    return SimpleNamespace(root=tmp_path)


@pytest.mark.parametrize("name", ["diabetes", "iris", "breast_cancer"])
def test_a_table_becomes_a_project_that_checks_runs_and_predicts(here, call, name):
    bundled = getattr(datasets, f"load_{name}")()
    columns = [str(column).replace(" (cm)", "") for column in bundled.feature_names]
    rows = pl.DataFrame(bundled.data, schema=columns).with_columns(target=pl.Series(bundled.target))
    rows.write_csv(here.root / "table.csv")
    assert call(here, "init", "work", "--from", "table.csv").code == 0
    work = SimpleNamespace(root=here.root / "work")
    for arguments in (["check"], ["plan"], ["run"]):
        said = call(work, *arguments)
        assert said.code == 0, said.out + said.err
    (row,) = json.loads(call(work, "list", "--json").out)
    assert row["verdict"] == "pass"
    reference = f"{row['model']}@staging"
    assert call(work, "predict", reference, "../table.csv", "out.parquet").code == 0
    out = pl.read_parquet(work.root / "out.parquet")
    assert out.height == rows.height
    if name == "diabetes":
        assert (out["prediction"] - rows["target"]).abs().mean() < 46
    else:
        share = (out["prediction"].cast(pl.String) == rows["target"].cast(pl.String)).mean()
        assert share > 0.95
        assert (
            sum(column.startswith("probability_") for column in out.columns)
            == rows["target"].n_unique()
        )


def test_a_tiny_project_runs_at_once(here, call):
    assert (
        call(here, "init", "houses").out.splitlines()[-1].endswith("keepfit check && keepfit run")
    )
    houses = SimpleNamespace(root=here.root / "houses")
    assert call(houses, "check").code == 0
    assert call(houses, "run").code == 0


def test_nothing_that_is_there_is_overwritten(here, call):
    (here.root / "keepfit.toml").write_text("mine")
    call(here, "init").refuses(2, "keepfit.toml")
    assert (here.root / "keepfit.toml").read_text() == "mine"
    assert len(list(here.root.iterdir())) == 1


def test_flags_that_exclude_each_other_are_named(here, call):
    said = call(here, "init", "--from", "a.csv", "--example", "care")
    said.refuses(2, "--from and --example exclude each other")
    call(here, "init", "--target", "y").refuses(2, "--target names a column, but of no table")
    call(here, "init", "x", "--example", "flight").refuses(2, "Did you mean `flights`?")
