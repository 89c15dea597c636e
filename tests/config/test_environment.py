from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.environment import expand, names_in, read_dotenv


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("A = spaced ", "spaced"),
        ("export A=exported", "exported"),
        ("A=with # comment", "with"),
        ("A=with#hash", "with#hash"),
        ("A=''", ""),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A='single ${B} \\n # kept'", "single ${B} \\n # kept"),
        ('A="double \\"quoted\\" \\n# kept" # comment', 'double "quoted" \n# kept'),
        ('A="two\nlines"', "two\nlines"),
        ("A=postgresql://u:p=w@h/db?x=1", "postgresql://u:p=w@h/db?x=1"),
        ("A=windows\r", "windows"),
    ],
)
def test_dotenv_reads_lines_as_shells_do(line, value):
    dotenv = read_dotenv(f"# first\n\n{line}\nLAST=1\n")
    assert dotenv.variables == {"A": value, "LAST": "1"}
    assert dotenv.unreadable == ()


def test_dotenv_tells_which_lines_set_nothing():
    dotenv = read_dotenv("A=1\nwhat is this\nB=2\n'=3")
    assert (dotenv.variables, dotenv.unreadable) == ({"A": "1", "B": "2"}, (2, 4))


def test_placeholders_are_read_everywhere_in_a_value():
    value = {"a": ["${X}/y", 1, {"b": "${X}${Y}"}], "c": True}
    assert expand(value, {"X": "1", "Y": "${X}"}) == {"a": ["1/y", 1, {"b": "1${X}"}], "c": True}


def test_unset_placeholders_stay_and_are_named():
    assert expand("${X} and $${Y}", {}) == "${X} and ${Y}"
    assert list(names_in(["${X} and $${Y}", {"z": "${Z}"}])) == ["X", "Z"]


@given(st.text().filter(lambda text: "${" not in text))
def test_a_text_without_placeholders_stays_as_it_is(text):
    assert expand(text, {"X": "1"}) == text
    assert list(names_in(text)) == []
