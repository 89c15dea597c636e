import json
import re


def test_the_first_run_tells_verdict_stages_and_the_next_step(project, call):
    said = call(project, "run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("✓ fare 1.0.0-x")
    assert "  ✓ there is no champion to compare with" in said.out
    moved = [line.split()[1] for line in lines if " is 1.0.0-x" in line]
    assert moved == ["development", "staging"]
    assert "  ? production waits for 1 approval" in lines
    assert lines[-1] == "1 model retrained. Decide: keepfit approve fare"


def test_a_second_run_finds_nothing_due(trained, call):
    said = call(trained, "run")
    assert said.code == 0
    assert said.out.splitlines()[-1].startswith("Nothing was due.")


def test_a_refused_challenger_exits_with_3_and_says_where_to_look(trained, call):
    trained.keepfit("approve", "fare", "--yes")
    for month in (4, 5):
        # New rows, on which a model that has learned nothing does worse.
        text = trained.file("data/trips-2013-03.csv").read_text()
        rows = text.replace("2013-03", f"2013-0{month}").splitlines()
        fresh = [rows[0], *(f"{month}{row}" for row in rows[1:])]
        trained.file(f"data/trips-2013-0{month}.csv").write_text("\n".join(fresh) + "\n")
    said = call(trained, "run", "--set", "model.fare.params.alpha=1e9")
    said.refuses(3, "the gate refused 1 challenger; the champion stays", "keepfit show fare@latest")
    assert "✗ fare 1.1.0-x" in said.out
    state = trained.registry().state("fare")
    assert {held.version[:5] for held in state.stages.values()} == {"1.0.0"}
    assert [v[:5] for v in state.versions] == ["1.0.0", "1.1.0"]
    shown = call(trained, "show", "fare@latest")
    assert "✗ fail" in shown.out


def test_json_tells_the_verdict_and_what_happened_at_each_stage(project, call):
    (done,) = json.loads(call(project, "run", "--json").out)
    assert (done["model"], done["status"], done["error"]) == ("fare", "retrained", None)
    assert done["verdict"]["outcome"] == "pass"
    assert [(r["stage"], r["what"]) for r in done["releases"]] == [
        ("development", "promoted"),
        ("staging", "promoted"),
        ("production", "asked"),
    ]
    assert done["evidence"]["rows"] == 41


def test_a_run_as_of_a_past_time_uses_only_rows_before_it(project, call):
    call(project, "run", "--as-of", "2013-03")
    inside = json.loads(call(project, "show", "fare@latest", "--json").out)
    snapshot = inside["manifest"]["recipe"]["snapshot"]
    assert snapshot["until"] == "2013-03-01T00:00:00"
    assert snapshot["time_to"] < "2013-03"


def test_a_time_that_is_none_is_refused_with_examples(project, call):
    call(project, "run", "--as-of", "March").refuses(2, "`March` is not a time", "2013-06-01T12:00")


def test_the_step_can_be_said_by_hand(trained, call):
    said = call(trained, "run", "--set", "model.fare.params.alpha=2.0", "--bump", "major")
    assert " fare 2.0.0-x" in said.out


def test_train_keeps_a_candidate_that_nobody_takes_for_a_version(project, call):
    said = call(project, "train", "fare")
    assert said.code == 0
    assert "On 41 holdout rows:" in said.out
    (folder,) = project.file(".keepfit/candidates/fare").iterdir()
    kept = json.loads((folder / "MANIFEST.json").read_bytes())
    assert (kept["version"], kept["model"]) == ("0.0.0-x000000", "fare")
    assert (folder / "evidence.json").is_file()
    assert not project.registry().state("fare").versions
    assert call(project, "list").out.startswith("There are no versions yet.")


MEAN = """\
import json

class Mean:
    task = "regression"
    def __init__(self, facts): self.facts = facts
    @classmethod
    def fit(cls, lesson, params): return cls({"mean": lesson.train["fare"].mean(), **params})
    @classmethod
    def load(cls, files): return cls(json.loads(files["mean.json"]))
    def predict(self, rows): return [self.facts["mean"]] * rows.height
    def save(self): return {"mean.json": json.dumps(self.facts).encode()}
"""


def test_a_challenger_that_answers_as_the_champion_does_is_no_question_of_luck(project):
    project.file("mean.py").write_text(MEAN)
    project.edit("keepfit.toml", '"ridge"', '"python"')
    params = '[model.fare.params]\nclass = "mean:Mean"\nnote = 1\n\n[model.fare.data]'
    project.edit("keepfit.toml", "[model.fare.data]", params)
    project.edit(
        "keepfit.toml",
        "[model.fare.split]",
        '[model.fare.promote]\nproduction = "auto"\n\n[model.fare.split]',
    )
    assert project.keepfit("run").code == 0
    project.edit("keepfit.toml", "note = 1", "note = 2")
    again = project.keepfit("run")
    again.refuses(3, "the champion stays")
    told = r"✗ the same answers as the champion 1.0.0-\w+ on all \d+ rows: nothing to release"
    assert re.search(told, again.out), again.out
