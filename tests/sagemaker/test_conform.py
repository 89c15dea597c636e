"""The verdict on a container: who keeps the contract passes, and each broken promise is seen."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from keepfit.errors import UserError
from keepfit.sagemaker.conform.bench import Bench, opened
from keepfit.sagemaker.conform.process import Command
from keepfit.sagemaker.conform.run import POINTS, chosen, junit, tried
from keepfit.sagemaker.conform.sample import own_sample, sample_of

STANDIN = Path(__file__).with_name("standin.py")


def command(half, broken=""):
    port = " {port}" if half == "serve" else ""
    return Command.parse(f"env BREAK={broken} {sys.executable} {STANDIN} {half} {{root}}{port}")


@pytest.fixture
def verdict(tmp_path):
    """Points of a container that breaks a promise, by id: whether each held, and what was found."""

    def tell(broken="", *ids, ready=20):
        bench = Bench(
            command("train", broken), command("serve", broken), own_sample(), tmp_path, ready
        )
        with opened(bench):
            return {one.point.id: one.found for one in tried(bench, chosen(ids))}

    return tell


def test_there_are_more_than_sixty_points_each_with_a_name_of_its_own():
    assert len(POINTS) > 60
    assert len({point.id for point in POINTS}) == len(POINTS)
    assert len({point.says for point in POINTS}) == len(POINTS)
    assert all(point.says and point.expects for point in POINTS)


@pytest.mark.slow
def test_a_container_that_keeps_the_contract_passes_every_point(verdict):
    broken = {name: found.told for name, found in verdict().items() if not found.kept}
    assert not broken


def ids(*words):
    """The ids of the points whose sentences have these words."""
    found = [next(p.id for p in POINTS if word in p.says) for word in words]
    assert len(found) == len(words)
    return found


PLANTED = {
    "wrong-exit-code": ["ends with exit code 0"],
    "no-model": ["is left in /opt/ml/model"],
    "failure-after-success": ["for jobs that fail"],
    "reads-resources": ["resourceConfig.json may be empty"],
    "writes-input": ["nothing in it is written"],
    "litters": ["A job writes to"],
    "leaks-secret": ["No secret"],
    "no-failure-file": ["leaves the reason"],
    "long-failure": ["first 1,024"],
    "cause-last": ["cause comes first"],
    "traceback": ["reason is for people"],
    "fails-with-0": ["another exit code", "A job without rows"],
    "late-ping": ["/ping answers 200 within"],
    "slow-ping": ["/ping is given 2"],
    "ping-talks": ["/ping answers with an empty body"],
    "serves-nothing": ["container without a model"],
    "drops-first-row": ["the first row is a row", "order of the rows"],
    "sorts": ["order of the rows"],
    "reads-one-file": ["All files of a channel"],
    "answers-json": ["answer to CSV is CSV"],
    "no-charset": ["charset"],
    "case-matters": ["have no case"],
    "echoes": ["come back only if"],
    "no-chunks": ["in chunks"],
    "six-megabytes": ["6 MB were the limit"],
    "any-type": ["Another content type"],
    "breaks-on-json": ["JSON that is none", "JSON that is cut off"],
    "breaks-on-bad-rows": ["column too few", "column too many", "text where a number"],
    "names-no-row": ["names the row"],
    "sniffs-header": ["row of names that nobody"],
    "no-limit": ["beyond the limit is refused"],
    "any-path": ["GET /invocations", "Other paths"],
    "strange-parameters": ["one of two words"],
    "more-parameters": ["three names"],
    "too-much-at-once": ["at most 100 MB"],
    "deaf-to-the-job": ["goes before what the container"],
    "no-last-line-end": ["whole lines"],
    "deaf-server": ["killed 30 s later"],
    "complains-when-stopped": ["no failure"],
    "drops-what-is-under-way": ["under way is answered"],
}


WAITED_FOR = {"slow-ping", "deaf-server"}  # half a minute and more each


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(each, marks=[pytest.mark.slow] if each in WAITED_FOR else [])
        for each in PLANTED
    ],
)
def test_a_promise_that_is_broken_is_seen(verdict, broken):
    wanted = ids(*PLANTED[broken])
    found = verdict(broken, *wanted, ready=5)
    assert found.keys() == set(wanted)
    assert not [name for name, one in found.items() if one.kept], found


def test_every_planted_break_is_a_break(verdict):
    """The same points hold for a container that keeps its promises."""
    wanted = {point for words in PLANTED.values() for point in ids(*words)}
    slow = set(ids("6 MB were the limit", "killed 30 s later", "beyond the limit is refused"))
    broken = {
        name: found for name, found in verdict("", *(wanted - slow)).items() if not found.kept
    }
    assert not broken


def test_what_a_container_does_ends_no_verdict(tmp_path):
    command = Command.parse(f"{sys.executable} -c 'import sys; sys.exit(7)'")
    with opened(Bench(command, command, own_sample(), tmp_path, 5)) as bench:
        results = list(tried(bench, chosen(["train-0", "ping", "invocations-0"])))
    assert not [one.point.id for one in results if one.point.id == "train-01" and one.found.kept]
    assert not [one for one in results if one.point.id.startswith("ping-0") and one.found.kept][2:]


def test_a_command_that_is_none_is_the_callers_mistake(tmp_path):
    with pytest.raises(UserError, match="is no command"):
        Command.parse("docker 'run")
    command = Command.parse("/no/such/program")
    with (
        opened(Bench(command, command, own_sample(), tmp_path, 5)) as bench,
        pytest.raises(UserError, match="/no/such/program"),
    ):
        list(tried(bench, chosen(["train-01"])))


def test_points_are_chosen_by_the_begin_of_their_ids():
    assert [point.id for point in chosen(["stop"])] == [p.id for p in POINTS if "stop-" in p.id]
    with pytest.raises(UserError, match="Did you mean"):
        chosen(["trian-01"])


def test_the_verdict_is_junit(verdict, tmp_path):
    bench = Bench(command("train", "no-model"), command("serve"), own_sample(), tmp_path / "b")
    with opened(bench):
        results = list(tried(bench, chosen(["train-01", "train-02"])))
    suite = ET.fromstring(junit(results))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    case = suite.findall("testcase")[1]
    assert case.get("name").startswith("train-02 The model is left")
    assert case.find("failure").get("message") == "expected at least one file; found 0 files"


def test_the_sample_tells_what_must_come_out(contract):
    sample = sample_of(contract / "iris.csv", contract / "payload.csv", None, None)
    assert sample.expected == ("setosa",) * 10 + ("versicolor",) * 10 + ("virginica",) * 9


def test_rows_of_which_nobody_knows_the_label_are_no_payload(tmp_path):
    (tmp_path / "rows.csv").write_text("a,1,2\nb,3,4\n")
    (tmp_path / "payload.csv").write_text("1,2\n9,9\n")
    with pytest.raises(UserError, match="row 2 is none of"):
        sample_of(tmp_path / "rows.csv", tmp_path / "payload.csv", None, None)


def test_the_verb_prints_each_point_and_refuses_where_one_is_broken(tmp_path):
    halves = {half: " ".join(command(half, "no-model").words) for half in ("train", "serve")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "keepfit", "conform", "sagemaker"),
            *("--train", halves["train"], "--serve", halves["serve"]),
            *("--only", "train-01", "--only", "train-02", "--junit", tmp_path / "verdict.xml"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "✓ train-01" in done.stdout
    assert "✗ train-02" in done.stdout
    assert "expected at least one file; found 0 files" in done.stdout
    assert "1 point of the contract did not hold" in done.stderr
    assert ET.parse(tmp_path / "verdict.xml").getroot().get("failures") == "1"


@pytest.mark.slow
def test_keepfit_keeps_the_contract(contract, tmp_path):
    """Its own commands, on the rows of the public sample: 10 setosa, 10 versicolor, 9 virginica."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "keepfit", "conform", "sagemaker", "--json"),
            *("--rows", contract / "iris.csv", "--payload", contract / "payload.csv"),
            *("--malformed", contract / "payload_malformed.json"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    results = json.loads(done.stdout)
    broken = {one["id"]: one["found"] for one in results if not one["kept"]}
    assert not broken
    assert len(results) > 60
    told = next(one["found"] for one in results if "order of the rows" in one["says"])
    assert told == "10 setosa, 10 versicolor, 9 virginica"
