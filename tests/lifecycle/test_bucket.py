"""The whole life of a model with a bucket as its store, over the wire."""

import json
import os
import subprocess
import sys

import pytest
from bucket_server import BucketServer

FILE = """
[project]
name = "houses"
store = "{store}"

[model.price]
kind = "ridge"
target = "price"
features = ["area"]

[model.price.data]
source = "houses.csv"
key = ["house"]

[model.price.split]
holdout = 0.25
by = "random"

[model.price.gate]
metric = "mae"

[model.price.promote]
production = "auto"
"""


OTHERS = [pytest.param(name, marks=pytest.mark.soak) for name in ("gs", "az")]


@pytest.fixture(params=["s3", *OTHERS])
def server(request):
    with BucketServer(request.param).running() as running:
        yield running


@pytest.fixture
def project(tmp_path, server):
    rows = "".join(f"{n},{40 + 7 * n % 120},{100 + 21 * n % 360}\n" for n in range(200))
    (tmp_path / "houses.csv").write_text("house,area,price\n" + rows)
    (tmp_path / "keepfit.toml").write_text(FILE.format(store=server.address))
    return tmp_path


def keepfit(project, server, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "keepfit", *arguments],
        cwd=project,
        env=os.environ | server.environ(),
        capture_output=True,
        text=True,
        check=False,
    )


def said(project, server, *arguments):
    done = keepfit(project, server, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_model_lives_in_a_bucket(project, server):
    assert "can be written" in said(project, server, "check")
    assert "1.0.0" in said(project, server, "run")
    assert "fresh" in said(project, server, "run")
    (version,) = json.loads(said(project, server, "list", "--json"))
    assert version["stages"] == "development, staging, production"
    said(project, server, "predict", "price@production", "houses.csv", "out.csv")
    answers = (project / "out.csv").read_text().splitlines()
    assert len(answers) == 201
    assert answers[1].endswith(version["version"])
    assert not (project / "store").exists()
    assert [seen for seen in server.log if seen.status >= 500] == []


def test_a_bucket_that_is_not_there_is_named(project, server):
    address = server.address.replace("bucket", "other")
    (project / "keepfit.toml").write_text(FILE.format(store=address))
    done = keepfit(project, server, "list")
    assert done.returncode == 4
    assert f"there is no bucket for {address}" in done.stderr
    assert "create the bucket" in done.stderr
    assert "there is no bucket" in keepfit(project, server, "check").stderr


def test_a_bucket_that_ignores_conditions_is_only_read(project, server):
    server.bucket.lax = True
    done = keepfit(project, server, "run")
    assert done.returncode == 4
    assert "the second of two creates is refused, but it was accepted" in done.stderr
    assert server.objects() == {}
    assert keepfit(project, server, "list").returncode == 0


def test_a_bucket_that_fails_now_and_then_is_asked_again(project, server):
    server.programme.rule = lambda number, _: "500 after" if number % 5 == 4 else None
    said(project, server, "run")
    (version,) = json.loads(said(project, server, "list", "--json"))
    assert version["version"].startswith("1.0.0")


def test_the_doctor_visits_a_bucket(project, server):
    said(project, server, "run")
    assert "all of it whole" in said(project, server, "doctor")
    key = next(key for key in server.bucket.keys("") if key.endswith("model.json"))
    server.bucket.put(key, b"{}", {}, if_absent=False)
    done = keepfit(project, server, "doctor", "--json")
    assert done.returncode == 4
    report = json.loads(done.stdout)
    assert not report["healthy"]
    assert all(trial["kept"] for trial in report["trials"])
    (symptom,) = report["models"][0]["symptoms"]
    assert symptom["kind"] == "version"
    assert "model.json was changed" in symptom["text"]
    assert keepfit(project, server, "doctor", "prize").returncode == 2


def test_the_doctor_names_the_promise_that_a_bucket_breaks(project, server):
    server.bucket.lax = True
    done = keepfit(project, server, "doctor")
    assert done.returncode == 4
    assert "the second of two creates is refused, but it was accepted" in done.stdout
