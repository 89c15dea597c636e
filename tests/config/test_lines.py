from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.config.lines import dotted, lines_of, parse_key

TEXT = '''\
# a [comment] with = signs
title = "a = b" # [not.a.table]

[project]
name = 'taxi'
"odd key" = 1

[model . fare]
kind = "ridge"
features = [
  "a", # ] not the end
  "b]",
]
data.source = { sql = """
select 1
[project]
""", uri = "x" }
after = 1

[[model.fare.gate.rules]]
metric = "mae"
[[model.fare.gate.rules]]
metric = "r2"
deep.er = \'\'\'
x = 1\'\'\'

[model.fare.gate.rules.more]
last = 2024-01-01 00:00:00
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("project",), 4),
        (("project", "odd key"), 6),
        (("model",), 8),
        (("model", "fare", "kind"), 9),
        (("model", "fare", "features"), 10),
        (("model", "fare", "features", 1), 10),
        (("model", "fare", "data", "source", "uri"), 14),
        (("model", "fare", "after"), 18),
        (("model", "fare", "gate", "rules", 0, "metric"), 21),
        (("model", "fare", "gate", "rules", 1), 22),
        (("model", "fare", "gate", "rules", 1, "deep", "er"), 24),
        (("model", "fare", "gate", "rules", 1, "more", "last"), 28),
        (("nowhere",), 1),
    ],
)
def test_every_key_has_its_line_or_that_of_the_key_around_it(path, line):
    tomllib.loads(TEXT)
    assert lines_of(TEXT).of(path) == line


NAMES = st.text(min_size=1, max_size=6).filter(lambda text: text.isprintable())
VALUES = st.one_of(
    st.integers().map(str),
    st.text().map(lambda text: dotted((f" {text}",)) if text.isprintable() else '"x"'),
    st.sampled_from(
        [
            '"""\n[a]\n"\n"""',
            "'''x\n'''",
            "[\n1, # ]\n[2]\n]",
            '{ a = "}", b = [1] }',
            '"""a"b\\""""',
        ]
    ),
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_keys_stand_where_they_were_written(tables):
    text, expected = "", {}
    for table, entries in tables.items():
        expected[table,] = text.count("\n") + 1
        text += f"[{dotted((table,))}]\n"
        for key, value in entries.items():
            expected[table, key] = text.count("\n") + 1
            text += f"{dotted((key,))} = {value} # a = [comment\n"
    tomllib.loads(text)
    assert lines_of(text).known == expected


@given(st.lists(NAMES, min_size=1, max_size=4).map(tuple))
def test_a_dotted_key_is_parsed_to_what_was_spelt(path):
    assert parse_key(dotted(path)) == path


@pytest.mark.parametrize("text", ["", "a..b", "a b", ".a", "a.", '"a'])
def test_what_is_no_dotted_key_is_refused(text):
    with pytest.raises(ValueError, match="expected a dotted key"):
        parse_key(text)


def test_places_in_arrays_are_spelt_with_brackets():
    assert dotted(("model", "fare", "rules", 0, "odd key")) == 'model.fare.rules[0]."odd key"'
