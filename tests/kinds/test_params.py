import subprocess
import sys

import pytest
from pydantic import ValidationError

from keepfit.kinds import KINDS, params_of
from keepfit.kinds.linear.params import ElasticNet, Lasso, Linear, Logistic, Ridge
from keepfit.kinds.sklearn.params import Sklearn


def test_every_kind_of_the_table_has_params_but_one_that_needs_none():
    none = {name for name in KINDS if not params_of(name).model_fields}
    assert none == {"seasonal-naive"}


@pytest.mark.parametrize(
    ("kind", "params", "named"),
    [
        (Ridge, {"alpah": 1.0}, "alpah"),
        (Ridge, {"alpha": -1}, "alpha"),
        (Ridge, {"alpha": "1"}, "alpha"),
        (Ridge, {"alpha": float("nan")}, "alpha"),
        (Ridge, {"alpha": True}, "alpha"),
        (Linear, {"alpha": 1.0}, "alpha"),
        (Linear, {"fit_intercept": 1}, "fit_intercept"),
        (Lasso, {"max_iter": 0}, "max_iter"),
        (Lasso, {"l1_ratio": 0.5}, "l1_ratio"),
        (ElasticNet, {"l1_ratio": 1.5}, "l1_ratio"),
        (Logistic, {"C": 0}, "C"),
        (Logistic, {"class_weight": "fair"}, "class_weight"),
        (Sklearn, {}, "estimator"),
        (Sklearn, {"estimator": ""}, "estimator"),
    ],
)
def test_a_bad_param_is_refused_by_name(kind, params, named):
    with pytest.raises(ValidationError) as error:
        kind(**params)
    assert {str(problem["loc"][0]) for problem in error.value.errors()} == {named}


def test_whole_numbers_are_numbers():
    assert Ridge(alpha=2).alpha == 2.0


def test_sklearn_takes_whatever_else_its_estimator_takes():
    params = Sklearn(estimator=["a.B", "c.D"], max_depth=3)
    assert params.estimator == ("a.B", "c.D")
    assert params.model_extra == {"max_depth": 3}


def test_params_cannot_be_changed():
    with pytest.raises(ValidationError):
        Ridge().alpha = 2.0


def test_every_param_says_what_it_means():
    for name in KINDS:
        for key, shown in params_of(name).model_json_schema()["properties"].items():
            assert shown.get("description"), f"{name}.{key}"


def test_asking_for_params_loads_nothing_heavy():
    code = (
        "import sys, keepfit.kinds as k; [k.params_of(name) for name in k.KINDS];"
        "print(*{'numpy', 'polars', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (out.stdout.strip(), out.stderr) == ("", "")
