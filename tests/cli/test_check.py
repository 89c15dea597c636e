"""keepfit check: one model, all of them, and the gate put to the test."""

import json


def test_the_gate_is_shown_sabotaged_candidates_and_refuses_each(once_trained, call):
    said = call(once_trained, "check", "--gate")
    assert said.code == 0
    assert "✓ shuffled labels: refused: mae " in said.out
    assert "✓ leaked target: refused: " in said.out
    assert said.out.rstrip().endswith("10 of 10 sabotaged candidates refused. Next: keepfit plan")
    (test,) = json.loads(call(once_trained, "check", "fare", "--gate", "--json").out)
    assert (test["model"], test["rows"] >= 40) == ("fare", True)
    assert all(trial["refused"] and trial["reason"] for trial in test["trials"])


def test_one_model_can_be_checked_and_an_unknown_one_is_named(once_trained, call):
    assert "1 model checked" in call(once_trained, "check", "fare").out
    call(once_trained, "check", "far").refuses(2, "there is no model `far`. Did you mean `fare`?")
    call(once_trained, "check", "far", "--gate").refuses(2, "Did you mean `fare`?")


def test_a_benchmark_that_is_not_there_is_found(once_trained, call):
    gone = "--set", "model.fare.benchmark.known.file=gone.csv"
    call(once_trained, "check", *gone).refuses(2, "model.fare.benchmark.known.file is 'gone.csv'")
