import subprocess
import sys

import pytest

from keepfit.evaluate.names import default_metric, defaults, names, parse, problem


def test_every_name_is_a_metric_and_knows_its_direction():
    for name in names():
        parsed = parse(name)
        assert parsed is not None
        assert parsed.entry.better in ("higher", "lower")
        assert parsed.entry.tasks


def test_the_names_asked_for_are_there():
    asked = (
        "mae rmse r2 mape smape within-10 share-within-10 accuracy balanced_accuracy f1 roc_auc "
        "pr_auc log_loss brier lift-at-5 hosmer_lemeshow prefix-4 top-3 mase wql coverage-80 "
        "coverage selective_accuracy"
    )
    assert sorted(asked.split()) == names()


def test_a_family_takes_its_number_from_the_name():
    parsed = parse("share-within-2.5")
    assert parsed is not None
    assert (parsed.base, parsed.number) == ("share-within", 2.5)


@pytest.mark.parametrize(
    "name",
    ["", "MAE", "within", "within-", "within-0", "within--1", "within-01", "lift-at-101", "mae-5"],
)
def test_what_is_no_metric_is_told(name):
    text = problem(name)
    assert text is not None
    assert text.startswith(f"is {name!r}; expected the name of a metric.")


def test_a_misspelt_metric_gets_a_guess():
    assert "Did you mean `roc_auc`?" in str(problem("roc_acu"))


def test_a_metric_of_another_task_is_told_with_those_that_suit():
    text = problem("mae", "classification")
    assert text is not None
    assert "does not suit classification" in text
    assert "log_loss" in text
    assert "rmse" not in text
    assert problem("mae", "regression") is None


def test_two_classes_have_a_roc_curve_by_default():
    assert defaults("classification", 2) == ("log_loss", "accuracy", "roc_auc")
    assert "roc_auc" not in defaults("classification", 3)
    assert default_metric("regression") in defaults("regression")
    assert default_metric("classification") in defaults("classification")


def test_names_are_known_without_numpy():
    code = "import keepfit.evaluate.names, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "polars", "sklearn", "scipy"} & set(out.stdout.split())
