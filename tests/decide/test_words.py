import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keepfit.decide.words import about, figures, percent, plain


@pytest.mark.parametrize(
    ("values", "apart", "said"),
    [
        ((6.6149, 16.2), 0.2, ["6.61", "16.20"]),
        ((1234567.8,), 1000, ["1,234,568"]),
        ((0.91234,), 0.0021, ["0.9123"]),
        ((-0.0001,), 1, ["0.0"]),
        ((0.0, 0.0), 0, ["0", "0"]),
    ],
)
def test_figures_have_the_digits_that_tell_them_apart(values, apart, said):
    assert figures(*values, apart=apart) == said


@given(st.floats(-1e6, 1e6), st.floats(1e-9, 1e3))
def test_figures_that_are_apart_never_look_alike(value, apart):
    assume(abs((value + apart) - value) > apart / 2)
    one, other = figures(value, value + apart, apart=apart)
    assert one != other


@pytest.mark.parametrize(
    ("value", "said"),
    [(2.5, "2.5"), (0.0, "0"), (-0.0, "0"), (12_000, "12,000"), (0.001, "0.001"), (1e-9, "1e-09")],
)
def test_a_number_is_said_as_it_was_written(value, said):
    assert plain(value) == said


@pytest.mark.parametrize(
    ("count", "said"), [(3, "3"), (87, "87"), (12_043, "12,000"), (1_996, "2,000")]
)
def test_a_count_is_rounded_to_two_digits(count, said):
    assert about(count) == said


def test_a_share_is_said_in_percent():
    assert [percent(0.95), percent(0.975), percent(1 - 0.05 / 50)] == ["95 %", "97.5 %", "99.9 %"]
