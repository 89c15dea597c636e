from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keepfit.config.load import find_file, load
from keepfit.config.schema.rows import Sql
from keepfit.durations import Duration
from keepfit.errors import ConfigError, UnknownName, UserError

WHOLE = """\
[project]
name  = "taxi"
store = "store"
stages = ["development", "staging", "canary", "production"]

[profile.prod]
store = "s3://acme-models/taxi"
model.fare.schedule.max_age = "1 month"

[defaults]
owner = "data team"
schedule.timezone = "Europe/London"

[model.fare]
kind     = "ridge"
target   = "fare"
features = ["distance_km", "hour_sin", "passengers"]
owner    = "pricing team"

[model.fare.data]
source    = { trips = "data/trips-*.parquet", zones = { sql = "select 1", uri = "${WAREHOUSE}" } }
query     = "select * from trips join zones using (zone)"
time      = "pickup_at"
key       = ["trip_id"]
window    = "12 months"
clean     = { positive-fare = "fare > 0 AND fare < 400" }
derive    = { hour_sin = "sin(2 * pi() * hour(pickup_at) / 24)" }
transform = "features:add_geography"

[model.fare.checks]
schema = "warn"
ranges = { distance_km = [0, inf] }

[model.fare.split]
holdout = "1 month"

[model.fare.params]
alpha = 0.5

[model.fare.gate]
metric = "within_3"
slices = ["borough"]
rules  = [ { metric = "mae", max = 2.5 },
           { metric = "r2", max_drop = 0.02, severity = "warn" } ]

[model.fare.metric.within_3]
function = "features:within"
better   = "higher"

[model.fare.promote]
canary     = "auto"
production = "approval"

[model.fare.schedule]
cron = "0 1 1,8,15,23 * *"

[model.tips]
kind        = "linear"
target      = "tip"
features    = ["fare"]
data.source = ["a.csv", "b.csv"]
"""


def test_a_whole_file_becomes_typed_records(folder):
    project = folder.write(WHOLE).load({"WAREHOUSE": "sqlite:///w.db"})
    fare, tips = project.models["fare"], project.models["tips"]
    assert (project.name, project.root, project.store) == (
        "taxi",
        folder.root,
        str(folder.root / "store"),
    )
    assert fare.data.sources["zones"] == Sql(sql="select 1", uri="sqlite:///w.db")
    assert fare.data.window == Duration(12, "month")
    assert (fare.checks.schema_, fare.checks.ranges) == (
        "warn",
        {"distance_km": (0.0, float("inf"))},
    )
    assert (fare.promote.mode("canary"), fare.promote.mode("staging")) == ("auto", "auto")
    assert (fare.owner, tips.owner) == ("pricing team", "data team")
    assert (fare.schedule.timezone, tips.schedule.timezone) == ("Europe/London", "Europe/London")
    assert (project.params["fare"].alpha, fare.params["alpha"]) == (0.5, 0.5)
    assert list(project.models) == ["fare", "tips"]
    assert tips.name == "tips"


def test_a_single_query_of_a_database_is_one_source(folder, sound):
    text = sound.replace('"trips-*.parquet"', '{ sql = "select 1", uri = "sqlite:///w.db" }')
    data = folder.write(text).load().models["fare"].data
    assert data.sources == {"rows": Sql(sql="select 1", uri="sqlite:///w.db")}


@pytest.mark.parametrize(
    ("store", "resolved"),
    [
        ("s3://b/x", "s3://b/x"),
        ("/abs/olute", "/abs/olute"),
        ("../beside", "{parent}/beside"),
        ("~/models", "/home/ann/models"),
    ],
)
def test_a_store_is_an_address_or_a_folder_beside_the_file(folder, sound, store, resolved):
    text = sound.replace('name = "taxi"', f'name = "taxi"\nstore = "{store}"')
    project = folder.write(text).load({"HOME": "/home/ann"})
    assert project.store == resolved.format(parent=folder.root.parent)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(folder, sound):
    folder.file.write_bytes(b"\xef\xbb\xbf" + sound.replace("\n", "\r\n").encode())
    assert folder.load().models["fare"].target == "fare"


def test_the_file_is_found_from_a_folder_below(folder):
    below = folder.root / "a" / "b"
    below.mkdir(parents=True)
    assert find_file(below) == folder.file


def test_where_there_is_no_file_the_next_step_is_init(tmp_path):
    with pytest.raises(UserError, match=r"no keepfit\.toml") as caught:
        find_file(tmp_path)
    assert caught.value.hint == "run `keepfit init`"
    with pytest.raises(UserError, match="there is no file"):
        load(tmp_path / "x.toml", {}, params_of=dict.__getitem__, kinds=list)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'[project]\nname = "x"\nkind ridge\n', 3),
        (b'[project]\nname = "x"\n[model\n', 3),
        (b'[project]\nname = "x', 2),
        (b'[project]\nname = "\xff"', 2),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(folder, data, line):
    folder.file.write_bytes(data)
    [problem] = folder.problems()
    assert problem.startswith(f"keepfit.toml:{line}: the line is not ")


def test_an_unknown_model_is_told_with_a_guess(folder):
    with pytest.raises(UnknownName, match="Did you mean `fare`"):
        folder.load().resolved("fair")


def test_the_error_sorts_its_problems_by_line(folder):
    folder.write("[modle.x]\n[project]\nstore = 1\nfoo = 2\n")
    with pytest.raises(ConfigError) as caught:
        folder.load()
    assert [problem.place for problem in caught.value.problems] == [
        f"keepfit.toml:{line}" for line in (1, 2, 3, 4)
    ]


def test_reading_a_file_loads_nothing_heavy(folder):
    code = (
        "import sys; from pathlib import Path; from keepfit.config.load import load;"
        "import keepfit.config.code, keepfit.config.diff, keepfit.config.show;"
        "from keepfit.kinds import params_of, known;"
        f"load(Path({str(folder.file)!r}), {{}}, params_of=params_of, kinds=known);"
        "print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "polars", "sklearn", "scipy"} & set(out.stdout.split())
    assert out.stderr == ""


def test_the_file_is_never_written(folder):
    before = folder.file.stat().st_mtime_ns
    folder.load()
    assert [path.name for path in Path(folder.root).iterdir()] == ["keepfit.toml"]
    assert folder.file.stat().st_mtime_ns == before
