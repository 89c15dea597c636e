import inspect

import pytest

from keepfit import errors
from keepfit.errors import (
    ConfigError,
    Conflict,
    KeepfitError,
    NotInstalled,
    Problem,
    Refused,
    SystemFailure,
    UnknownName,
    UserError,
    guess,
)

ALL = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, KeepfitError)
]
TWELVE = [f"n{i:02}" for i in range(12)]
CODES = {UserError: 2, Refused: 3, SystemFailure: 4}


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_the_branch_says_who_must_act_and_with_that_the_exit_code(error):
    if error is KeepfitError:
        assert error.exit_code == 1
    elif error is errors.Unclear:
        assert error.exit_code == 6
    else:
        (branch,) = [base for base in CODES if issubclass(error, base)]
        assert error.exit_code == CODES[branch]


def test_every_error_stands_in_the_tree_at_the_top_of_the_file():
    told = errors.__doc__ or ""
    assert [e.__name__ for e in ALL if e is not KeepfitError and e.__name__ not in told] == []


def test_every_problem_of_a_file_is_told_in_its_order():
    problems = [Problem("keepfit.toml:3", "a.b", "is wrong"), Problem("--set", "c", "is too")]
    error = ConfigError(iter(problems))
    assert str(error) == "keepfit.toml:3: a.b is wrong\n--set: c is too"
    assert error.problems == tuple(problems)


def test_the_next_step_travels_beside_the_sentence():
    error = KeepfitError("it broke", hint="mend it")
    assert (str(error), error.hint) == ("it broke", "mend it")
    assert KeepfitError("it broke").hint is None


def test_an_unknown_name_keeps_its_facts():
    error = UnknownName("model", "fair", ["fare", "tips"])
    assert str(error) == "there is no model `fair`. Did you mean `fare`?"
    assert (error.what, error.name, error.known) == ("model", "fair", ("fare", "tips"))


def test_a_conflict_says_what_was_expected_and_what_was_found():
    error = Conflict("production of fare was moved", "1.0.0", None)
    assert str(error) == "production of fare was moved: expected 1.0.0, found nothing"
    assert (error.expected, error.found) == ("1.0.0", None)


def test_a_missing_extra_is_answered_with_the_command():
    error = NotInstalled("the chart", "plot")
    assert str(error) == "the chart needs one extra."
    assert error.hint == "pip install 'keepfit[plot]'"


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("ridg", ["ridge", "lasso"], " Did you mean `ridge`?"),
        ("xyz", ["b", "a"], " Known: a, b"),
        ("xyz", [], ""),
        ("xyz", [*TWELVE, "z"], " Known: " + ", ".join(TWELVE) + ", …"),
    ],
)
def test_a_guess_is_the_nearest_name_else_what_there_is(name, known, said):
    assert guess(name, known) == said
