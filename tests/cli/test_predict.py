import json
import subprocess
import sys

import polars as pl


def test_predict_writes_a_file_and_says_where(trained, call):
    said = call(trained, "predict", "fare@staging", "data/trips-2013-02.csv", "out.csv")
    assert said.code == 0
    assert said.out.startswith("✓ 40 rows predicted by 1.0.0-x")
    assert said.out.splitlines()[-1] == "Look at them in out.csv"
    rows = pl.read_csv(trained.file("out.csv"))
    assert rows.columns == ["trip_id", "prediction", "version"]
    assert rows["trip_id"].to_list() == list(range(80, 120))


def test_json_tells_what_was_written(trained, call):
    said = call(trained, "predict", "fare@1", "data/trips-2013-02.csv", "out.parquet", "--json")
    (version,) = trained.registry().state("fare").versions
    assert json.loads(said.out) == {
        "version": version,
        "rows": 40,
        "rejected": 0,
        "output": "out.parquet",
    }


def test_rejected_rows_are_told_and_kept_apart(trained, call):
    trained.edit("data/trips-2013-02.csv", "80,2013-02-01T00:00:00,", "80,2013-02-01T00:00:00,far")
    said = call(trained, "predict", "fare@1", "data/trips-2013-02.csv", "out.csv")
    assert said.code == 0
    assert "! 1 row rejected: out.rejects.csv" in said.out
    (row,) = pl.read_csv(trained.file("out.rejects.csv")).iter_rows(named=True)
    assert (row["row"], row["trip_id"]) == (1, 80)
    assert row["reason"].startswith("distance_km: 'far")


def test_nothing_is_written_over_unasked(trained, call):
    trained.file("out.csv").write_text("mine")
    arguments = ["predict", "fare@1", "data/trips-2013-02.csv", "out.csv"]
    call(trained, *arguments).refuses(2, "out.csv is there already", "--overwrite")
    assert trained.file("out.csv").read_text() == "mine"
    assert call(trained, *arguments, "--overwrite").code == 0


def test_prediction_needs_no_scikit_learn(trained):
    look = (
        "import sys; from keepfit.cli import main\n"
        "try: main(['predict', 'fare@1', 'data/trips-2013-02.csv', 'out.csv', '--quiet'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print({'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=trained.root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
    assert trained.file("out.csv").is_file()
