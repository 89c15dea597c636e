import gc
import sqlite3

import polars as pl
import pytest

from keepfit.lifecycle.judging.compare import evaluate
from keepfit.lifecycle.peek import look_at, ready_at


@pytest.fixture
def database(life):
    """The same project, its rows in a table of SQLite."""
    pytest.importorskip("adbc_driver_sqlite")
    rows = pl.read_csv(life.root / "data" / "houses-*.csv")
    with sqlite3.connect(life.root / "rows.db") as connection:
        columns = ", ".join(rows.columns)
        connection.execute(f"CREATE TABLE sales ({columns})")
        marks = ", ".join("?" * rows.width)
        connection.executemany(f"INSERT INTO sales VALUES ({marks})", rows.rows())
    connection.close()
    sql = '{ sql = "SELECT * FROM sales", uri = "sqlite:///rows.db" }'
    life.change('source = "data/houses-*.csv"', f"source = {sql}")
    return life


def test_rows_of_a_database_can_be_read_as_long_as_somebody_looks_at_them(database):
    snapshot, peek = look_at(database.model, database.ports())
    assert ready_at(database.model, snapshot, peek).rows.height == 331 - 2  # typing errors
    (kept,) = peek.seen.values()
    assert kept.is_file()
    del peek
    gc.collect()
    assert not kept.parent.exists()


def test_new_rows_of_a_database_make_a_model_due_and_are_scored(database):
    database.first_champion()
    opened = database.open("production")
    assert evaluate(database.model, database.ports(), opened, None).rows == 62
    with sqlite3.connect(database.root / "rows.db") as connection:
        connection.execute(
            "INSERT INTO sales VALUES (999, '2024-11-05', 100, 3, 10, 'hills', 0, 320000)"
        )
    connection.close()
    (reason,) = database.plan().reasons
    assert reason.startswith("1 new row since 1.0.0 (2024-10-31); champion's mae ")


def test_files_are_looked_at_where_they_lie(life, tmp_path_factory):
    snapshot, peek = look_at(life.model, life.ports())
    there = {part.digest: life.root / part.uri for part in snapshot.parts}
    assert {part.digest: peek.path(part.digest) for part in snapshot.parts} == there
    outside = tmp_path_factory.mktemp("elsewhere") / "houses.csv"
    outside.write_bytes((life.root / "data" / "houses-2024-03.csv").read_bytes())
    life.change('"data/houses-*.csv"', f'"{outside.as_posix()}"')
    snapshot, peek = look_at(life.model, life.ports())
    assert list(peek.seen.values()) == [outside]


def test_looking_stores_nothing(life):
    before = life.tree()
    look_at(life.model, life.ports())
    assert life.tree() == before
