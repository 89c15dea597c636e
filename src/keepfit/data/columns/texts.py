"""Columns of text as a model reads them: cleaned, or marked as refused or too vague."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from keepfit.config.schema.texts import Text
from keepfit.data.columns.clean import removal
from keepfit.data.files.read import in_short
from keepfit.data.marks import MARK
from keepfit.errors import KeepfitError, NotInstalled, Refusal, UserError, guess
from keepfit.records.rows import Removal

_CAME, _TEXT, _FOREIGN = "came", "text", "foreign"
_NEGATIONS = ("not", "without", "excluding", "excl", "except", "other than", "neither", "nor")
_CLEARLY = 3  # times as likely; a short text is often a word of several languages
_SPACES = r"\s+"
# In this order; each speaks of words of some length, so that `as`, `is` and `gas` keep their s.
_PLURALS = (
    (r"(?i)\b(\w+(?:ss|sh|ch|x|zz))es\b", "${1}"),
    (r"(?i)\b(\w+[^\Waeiou])ies\b", "${1}y"),
    (r"(?i)\b(\w{2,}[^\Wsiu])s\b", "${1}"),
)


class _Rule(NamedTuple):
    name: str  # below the column's table
    told: str  # as the file says it
    said: str  # of a text that breaks it
    breaks: pl.Expr  # over the text as it came, as it was cleaned, and whether it is foreign


def cleaned(
    rows: pl.DataFrame, texts: Mapping[str, Text], *, where: str = "data.text"
) -> pl.DataFrame:
    """The rows with their texts cleaned, and a mark beside each: see `refused` and `silent`.

    UserError for a column that is not there or is no text, and for a pattern that is none;
    NotInstalled where a language is asked for and its extra is missing.
    """
    for name, text in texts.items():
        rows = rows.with_columns(_cleaned(_series(rows, name, where), text, f"{where}.{name}"))
    return rows


def refused(rows: pl.DataFrame, texts: Mapping[str, Text]) -> list[Refusal]:
    """The cleaned rows that have no answer, by column and rule."""
    return [
        Refusal(name, marked.arg_true().to_list(), rule.said)
        for name, rule, marked in _marked(rows, texts)
        if rule.name != "vague" and marked.any()
    ]


def silent(rows: pl.DataFrame, texts: Mapping[str, Text]) -> pl.Series | None:
    """Which of the cleaned rows say too little to be answered; None where none may."""
    found = [marked for _, rule, marked in _marked(rows, texts) if rule.name == "vague"]
    return pl.DataFrame(found).select(pl.any_horizontal(pl.all())).to_series() if found else None


def removals(
    rows: pl.DataFrame, texts: Mapping[str, Text], *, raw: str, show: Sequence[str] = ()
) -> list[Removal]:
    """What each rule takes of cleaned rows: those that it refuses, or that are vague.

    Examples tell a text as it came, which stands below its name behind `raw`, or else, of one that
    was derived, as it was cleaned; and `show`.
    """
    taken = []
    every = pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
    for name, rule, marked in _marked(rows, texts):
        kept = raw + name if raw + name in rows.columns else name
        came = rows.filter(marked & ~every).with_columns(pl.col(kept).alias(name))
        told = [*(column for column in show if column in rows.columns), name]
        taken.append(removal(f"text.{name}.{rule.name}", rule.told, came.select(told)))
        every |= marked
    return taken


def problems(texts: Mapping[str, Text]) -> Iterator[tuple[tuple[str, ...], str]]:
    """(keys below data.text, what is wrong) of patterns that are none, or take every text, and of
    languages that nobody here can tell."""
    for name, text in texts.items():
        for reason, pattern in text.reject.items():
            if wrong := _pattern_problem(pattern):
                yield (name, "reject", reason), wrong
        if text.language:
            try:
                _detector(text.languages)
            except KeepfitError as error:
                yield (name, "languages"), f"cannot be told apart: {error} {error.hint or ''}"


def _pattern_problem(pattern: str) -> str | None:
    try:
        if pl.Series([""]).str.contains(pattern)[0]:
            return f"is '{pattern}', which is found in every text; expected one that some lack"
    except PolarsError as error:
        return f"is '{pattern}', which is no regular expression: {in_short(error)}"
    return None


def _series(rows: pl.DataFrame, name: str, where: str) -> pl.Series:
    if name not in rows.columns:
        raise UserError(
            f"{where}.{name} is about a column that the rows have not.{guess(name, rows.columns)}",
            hint="columns come from the source and data.derive",
        )
    series = rows[name]
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise UserError(
            f"{where}.{name} cleans text, and the column is {series.dtype}",
            hint=f'say so in the file: types = {{ {name} = "text" }}, or do not clean it',
        )
    return series.cast(pl.String)


def _cleaned(series: pl.Series, text: Text, place: str) -> list[pl.Series]:
    came = _stripped(pl.col(_CAME)) if text.strip else pl.col(_CAME)
    given = series.alias(_CAME).to_frame().with_columns(came)
    both = given.with_columns(_steps(pl.col(_CAME), text).alias(_TEXT))
    if text.language:
        both = both.with_columns(_foreign(both[_CAME], text))
    mark = pl.lit(0)
    for number, rule in reversed([*enumerate(_rules(text), 1)]):
        mark = pl.when(rule.breaks).then(number).otherwise(mark)
    try:
        done = both.select(_TEXT, mark.cast(pl.UInt8).alias(MARK))
    except PolarsError as error:
        told = [f"{'.'.join(keys)} {wrong}" for keys, wrong in problems({place: text})]
        raise UserError("; ".join(told) or f"{place}: {in_short(error)}") from error
    return [done[_TEXT].alias(series.name), done[MARK].alias(MARK + series.name)]


def _stripped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_SPACES, " ").str.strip_chars()


def _steps(text: pl.Expr, wanted: Text) -> pl.Expr:
    if wanted.lower:
        text = text.str.to_lowercase()
    if wanted.negations:
        words = wanted.negations if isinstance(wanted.negations, tuple) else _NEGATIONS
        text = text.str.replace_all(rf"{_any_of(words)}(?:[^-,.;:()]|-\b|\b-)*", " ")
    if wanted.remove:
        text = text.str.replace_all(_any_of(wanted.remove), " ")
    if wanted.singular:
        for pattern, singular in _PLURALS:
            text = text.str.replace_all(pattern, singular)
    return _stripped(text) if wanted.strip else text


def _any_of(phrases: Sequence[str]) -> str:
    """The pattern of any of them as whole words, the longest that fits."""
    longest = sorted({*phrases}, key=lambda phrase: (-len(phrase), phrase))
    return f"(?i)(?:{'|'.join(map(_whole, longest))})"


def _whole(phrase: str) -> str:
    words = r"\s+".join(map(pl.escape_regex, phrase.split()))
    before = r"\b" if _is_word(phrase.strip()[:1]) else ""
    behind = r"\b" if _is_word(phrase.strip()[-1:]) else ""
    return f"{before}{words}{behind}"


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _rules(text: Text) -> Iterator[_Rule]:
    """What a text may break, the first that it breaks counts."""
    length = pl.col(_TEXT).str.len_chars()
    if text.language:
        told = f'language = "{text.language}"'
        said = f"text that is not in the language `{text.language}`"
        yield _Rule("language", told, said, pl.col(_FOREIGN))
    if text.min_length:
        said = f"fewer than {_characters(text.min_length)} of text"
        told = f"min_length = {text.min_length}"
        yield _Rule("min_length", told, said, length.fill_null(0) < text.min_length)
    if text.max_length:
        said = f"more than {_characters(text.max_length)} of text"
        told = f"max_length = {text.max_length}"
        yield _Rule("max_length", told, said, length.fill_null(0) > text.max_length)
    for name, pattern in text.reject.items():
        found = pl.col(_TEXT).str.contains(pattern).fill_null(value=False)
        yield _Rule(f"reject.{name}", pattern, f"text that is refused as `{name}`", found)
    if text.vague:
        whole = f"^{_any_of(text.vague)}$"
        said = "text that says too little"
        found = pl.any_horizontal(pl.col(_CAME, _TEXT).str.contains(whole)).fill_null(value=False)
        yield _Rule("vague", f"vague = {list(text.vague)}", said, found)


def _characters(count: int) -> str:
    return f"{count:,} character{'s' if count > 1 else ''}"


def _marked(
    rows: pl.DataFrame, texts: Mapping[str, Text]
) -> Iterator[tuple[str, _Rule, pl.Series]]:
    """Each rule of each column, and the rows that break it first."""
    for name, text in texts.items():
        mark = rows[MARK + name]
        for number, rule in enumerate(_rules(text), 1):
            yield name, rule, mark == number


def _foreign(texts: pl.Series, wanted: Text) -> pl.Series:
    """Which texts are clearly in another language; one that tells none is not foreign."""
    once = texts.drop_nulls().unique()
    shares_of, place = _detector(wanted.languages), wanted.languages.index(wanted.language or "")
    shares = [shares_of(text) for text in once]
    foreign = [max(each) > _CLEARLY * each[place] for each in shares]
    told = texts.replace_strict(once, foreign, default=False, return_dtype=pl.Boolean)
    return told.alias(_FOREIGN)


@cache
def _detector(languages: tuple[str, ...]) -> Callable[[str], Sequence[float]]:
    """How likely a text is in each of the languages; it never changes, and is slow to make."""
    try:
        from lingua import IsoCode639_1, LanguageDetectorBuilder
    except ImportError as error:
        raise NotInstalled("data.text with a language", "language") from error
    unknown = [each for each in languages if not hasattr(IsoCode639_1, each.upper())]
    if unknown:
        raise UserError(
            f"`{unknown[0]}` is no language that is known;",
            hint="expected two letters of ISO 639-1, such as en, fr or de",
        )
    codes = [getattr(IsoCode639_1, language.upper()) for language in languages]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()

    def shares_of(text: str) -> list[float]:
        found = detector.compute_language_confidence_values(text)
        shares = {each.language.iso_code_639_1: each.value for each in found}
        return [shares[code] for code in codes]

    return shares_of
