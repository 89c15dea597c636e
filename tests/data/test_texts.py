"""Texts are cleaned in a fixed order, and those that cannot be answered say why."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from keepfit.config.schema.texts import Text
from keepfit.data.columns import texts
from keepfit.data.marks import unanswered, unmarked
from keepfit.errors import UserError


def rows_of(*values):
    return pl.DataFrame({"said": pl.Series(values, dtype=pl.String)})


def clean(*values, **how):
    return texts.cleaned(rows_of(*values), {"said": Text(**how)})["said"].to_list()


def refusals(*values, **how):
    told = {"said": Text(**how)}
    found = texts.refused(texts.cleaned(rows_of(*values), told), told)
    return {row: one.said for one in found for row in one.rows}


def test_spaces_of_every_sort_become_one_and_outer_ones_go():
    assert clean("  red \t\n shirt\u00a0", None) == ["red shirt", None]
    assert clean("  red  shirt ", strip=False) == ["  red  shirt "]


def test_capitals_become_small_letters():
    assert clean("Red ÄRMEL", lower=True) == ["red ärmel"]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("Shirts, not of wool", "Shirts,"),
        ("Shirts not of wool, knitted", "Shirts , knitted"),
        ("shoes (other than of leather) new", "shoes ( ) new"),
        ("Bags, EXCLUDING hand-made - for men", "Bags, - for men"),
        ("A t-shirt without sleeves: cotton", "A t-shirt : cotton"),
        ("knots and notes", "knots and notes"),
        ("neither silk nor wool. Cotton", ". Cotton"),
    ],
)
def test_what_is_negated_goes_up_to_the_next_mark(given, left):
    assert clean(given, negations=True) == [left]


def test_words_of_negation_may_be_the_users_own():
    assert clean("Hemd ohne Kragen, neu, not old", negations=("ohne",)) == ["Hemd , neu, not old"]


def test_phrases_go_as_whole_words_whatever_their_capitals_and_spaces():
    gone = {"remove": ("brand new", "new", "100%", "(c)")}
    assert clean("Brand  NEW shoe", "newer shoe", "100% wool (C)", **gone) == [
        "shoe",
        "newer shoe",
        "wool",
    ]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("shirts", "shirt"),
        ("Berries", "Berry"),
        ("boxes dresses brushes watches", "box dress brush watch"),
        ("shoes tyres", "shoe tyre"),
        ("glass bus gas analysis this", "glass bus gas analysis this"),
        ("ties toys", "tie toy"),
        ("men's", "men's"),
        ("T-shirts", "T-shirt"),
    ],
)
def test_regular_plurals_become_singulars_and_other_words_keep_their_s(plural, singular):
    assert clean(plural, singular=True) == [singular]


@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=20))
def test_every_text_is_cleaned_alone_as_among_others(values):
    how = {
        "lower": True,
        "negations": True,
        "remove": ("a b", "-"),
        "singular": True,
        "min_length": 3,
        "max_length": 20,
        "reject": {"digits": r"^\d+$"},
        "vague": ("thing",),
    }
    told = {"said": Text(**how)}
    together = texts.cleaned(rows_of(*values), told)
    alone = [texts.cleaned(rows_of(value), told) for value in values]
    assert together.rows() == [row for one in alone for row in one.rows()]
    left = together["said"].drop_nulls()
    assert (left == left.str.strip_chars()).all()
    assert not left.str.contains(r"\s\s").any()


def test_a_text_is_refused_for_the_first_rule_that_it_breaks():
    said = refusals(
        "ok text",
        "ab",
        "1234",
        None,
        "x" * 11,
        "call 0800",
        min_length=3,
        max_length=10,
        reject={"only-digits": r"^\d+$", "a phone number": "0800"},
    )
    assert said == {
        1: "fewer than 3 characters of text",
        2: "text that is refused as `only-digits`",
        3: "fewer than 3 characters of text",
        4: "more than 10 characters of text",
        5: "text that is refused as `a phone number`",
    }


def test_a_missing_text_is_refused_only_where_a_length_is_asked_for():
    assert refusals(None, reject={"any": "x"}, max_length=5) == {}


def test_vague_texts_are_told_apart_whole_and_before_or_after_cleaning():
    told = {"said": Text(vague=("spare parts", "goods"), singular=True)}
    rows = texts.cleaned(rows_of("Goods", "spare  parts", "spare parts of cars", None), told)
    assert texts.silent(rows, told).to_list() == [True, True, False, False]
    assert texts.refused(rows, told) == []
    assert texts.silent(texts.cleaned(rows, {}), {}) is None


def test_texts_clearly_in_another_language_are_refused_and_doubtful_ones_are_not():
    pytest.importorskip("lingua")
    values = ["knitted cotton shirt for men", "chemise en coton pour hommes", "table", "12", None]
    said = refusals(*values, language="en", languages=("en", "fr", "de"))
    assert said == {1: "text that is not in the language `en`"}


def test_training_rows_that_have_no_answer_are_counted_by_rule_with_examples():
    told = {"said": Text(min_length=3, reject={"digits": r"^\d+$"}, vague=("stuff",))}
    rows = rows_of(" shirt ", "1234", "ab", "Stuff").with_row_index("id")
    marked = texts.cleaned(rows.with_columns(pl.col("said").alias("raw:said")), told)
    removals = texts.removals(marked, told, raw="raw:", show=["id", "when"])
    assert unanswered(marked).tolist() == [False, True, True, True]
    assert unmarked(marked).columns == ["id", "said", "raw:said"]
    assert [(one.rule, one.condition, one.rows, one.examples) for one in removals] == [
        ("text.said.min_length", "min_length = 3", 1, ({"id": "2", "said": "ab"},)),
        ("text.said.reject.digits", r"^\d+$", 1, ({"id": "1", "said": "1234"},)),
        ("text.said.vague", "vague = ['stuff']", 1, ({"id": "3", "said": "Stuff"},)),
    ]


def test_of_a_text_that_was_derived_examples_tell_what_it_was_cleaned_to():
    told = {"said": Text(lower=True, min_length=3)}
    marked = texts.cleaned(pl.DataFrame({"said": ["OK", "Shirt"]}), told)
    (short,) = texts.removals(marked, told, raw="raw:")
    assert (short.rows, short.examples) == (1, ({"said": "ok"},))


def test_a_row_of_two_bad_columns_is_counted_once():
    told = {"a": Text(min_length=3), "b": Text(min_length=3)}
    rows = pl.DataFrame({"a": ["x", "long"], "b": ["y", "z"]})
    marked = texts.cleaned(rows.with_columns(pl.all().name.prefix("raw:")), told)
    removals = texts.removals(marked, told, raw="raw:")
    assert unanswered(marked).all()
    assert unanswered(rows) is None
    assert [one.rows for one in removals] == [1, 1]


def test_a_column_that_is_not_there_or_no_text_is_named():
    with pytest.raises(UserError, match=r"data\.text\.sayd is about a column that the rows"):
        texts.cleaned(rows_of("x"), {"sayd": Text()})
    with pytest.raises(UserError, match=r"data\.text\.n cleans text, and the column is Int64"):
        texts.cleaned(pl.DataFrame({"n": [1]}), {"n": Text()})


@pytest.mark.parametrize(
    ("pattern", "told"), [("(", "is no regular expression"), (r"\d*", "found in every text")]
)
def test_a_pattern_that_is_none_or_takes_every_text_is_told(pattern, told):
    [(keys, wrong)] = texts.problems({"said": Text(reject={"bad": pattern})})
    assert keys == ("said", "reject", "bad")
    assert told in wrong


def test_a_pattern_that_is_none_does_not_clean():
    with pytest.raises(UserError, match=r"data\.text\.said\.reject\.bad is '\(', which is no"):
        texts.cleaned(rows_of("x"), {"said": Text(reject={"bad": "("})})


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"language": "en"}, "expected `languages` beside it"),
        ({"language": "en", "languages": ("en",)}, "expected `languages` beside it"),
        ({"languages": ("en", "fr")}, "expected `language` beside it"),
        ({"language": "de", "languages": ("en", "fr")}, "without its language"),
        ({"min_length": 9, "max_length": 3}, "above max_length = 3"),
    ],
)
def test_keys_that_do_not_fit_together_are_told(how, told):
    with pytest.raises(ValidationError, match=told):
        Text(**how)
