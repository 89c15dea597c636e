import json

ADVICE = {"files.json", "seen.json"}


def due(project):
    """The same project with another alpha, which makes its model due."""
    text = project.file("keepfit.toml").read_text()
    project.file("keepfit.toml").write_text(text + "\n[model.fare.params]\nalpha = 2.0\n")


def test_plan_says_what_is_due_and_why_and_what_to_type(trained, call):
    due(trained)
    said = call(trained, "plan")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].split(maxsplit=3) == [
        *("●", "fare", "due", "params.alpha 1.0 → 2.0 (minor version)"),
    ]
    assert lines[-1].startswith("1 due, about ")
    assert lines[-1].endswith(". Run: keepfit run")


def test_what_is_due_by_a_flag_is_run_with_the_same_flag(trained, call):
    asked = "--set", "model.fare.params.alpha=2.0"
    said = call(trained, "plan", *asked)
    assert said.out.endswith(". Run: keepfit run with the same --set\n")
    assert "keepfit run fare with the same --set" in call(trained, "train", "fare", *asked).out


def test_plan_says_where_nothing_is_due(trained, call):
    lines = call(trained, "plan").out.splitlines()
    assert lines[0].split(maxsplit=3) == ["·", "fare", "fresh", "nothing changed since 1.0.0"]
    assert lines[-1].startswith("Nothing is due.")


def test_check_exits_with_5_where_something_is_due(trained, call):
    assert call(trained, "plan", "--check").code == 0
    due(trained)
    assert call(trained, "plan", "--check").code == 5
    assert call(trained, "plan", "--check", "--quiet").code == 5
    assert call(trained, "plan").code == 0


def test_json_holds_the_same_facts(trained, call):
    due(trained)
    (plan,) = json.loads(call(trained, "plan", "--json").out)
    assert (plan["model"], plan["status"], plan["bump"]) == ("fare", "due", "minor")
    assert plan["since"].startswith("1.0.0-x")
    assert plan["reasons"] == ["params.alpha 1.0 → 2.0 (minor version)"]


def test_only_the_models_asked_for_are_planned(trained, call):
    call(trained, "plan", "fair").refuses(2, "there is no model `fair`. Did you mean `fare`?")
    assert len(json.loads(call(trained, "plan", "fare", "--json").out)) == 1


def test_planning_writes_nothing_into_project_or_store(trained, call):
    due(trained)
    before = tree(trained)
    assert call(trained, "plan").code == 0
    assert tree(trained) == before


def tree(project):
    """Every file with its bytes, but what keepfit remembers of files and logs, which is advice."""
    files = [f for f in sorted(project.root.rglob("*")) if f.is_file() and f.name not in ADVICE]
    return {file: file.read_bytes() for file in files}
