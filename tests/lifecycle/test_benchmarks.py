"""Cases with expected answers judge beside the holdout; what is wrong with their file fails."""

import hashlib
import re

import polars as pl
import pytest

from keepfit.errors import ConfigError
from keepfit.lifecycle.check import check_model
from keepfit.lifecycle.judging.compare import compare, evaluate
from keepfit.lifecycle.releasing.promote import by_force

BENCHMARK = """
[model.price.benchmark.known]
file = "known.csv"
case = "who"
metric = "within-30000"
"""


def house(who, price, **more):
    facts = {"area_m2": 80, "rooms": 3, "age_years": 10, "district": "hills", "garden": True}
    return {"who": who, "house_id": 1, "sold_on": "2024-05-01", **facts, **more, "price": price}


@pytest.fixture
def known(life):
    """A file of cases that the champion gets right, and whoever learns nothing does not."""

    def write(*cases):
        pl.DataFrame(cases).write_csv(life.root / "known.csv")

    life.write = write
    said = life  # the first champion is trained before the benchmark is declared
    said.first_champion()
    predictor = life.open("production").predictor
    cases = [house("flat", 0, area_m2=40), house("villa", 0, area_m2=190)]
    prices = predictor.predict(pl.DataFrame(cases).drop("price", "who")).values
    life.cases = [{**c, "price": round(p)} for c, p in zip(cases, prices, strict=True)]
    write(*life.cases)
    life.add(BENCHMARK)
    return life


def without(cases, column):
    return [{name: value for name, value in case.items() if name != column} for case in cases]


def spoil(life, **more):
    """A challenger that hardly learns anything, and rules that would not mind."""
    life.months(11, 12)
    life.change("alpha = 0.1", "alpha = 100000")
    life.change("max = 20000", "max = 200000")
    return life.retrained(**more).judgement


def said(judgement):
    return next(r for r in judgement.verdict.reasons if r.rule == "benchmark known")


def test_both_sides_are_judged_and_what_was_lost_is_named(known):
    known.add("max_lost = 1")
    judgement = spoil(known)
    (score,) = judgement.evidence.benchmarks
    assert (score.champion, score.challenger) == (1.0, 0.0)
    assert (score.gained, score.lost, score.cases) == (0, 2, 2)
    assert score.digest == hashlib.sha256((known.root / "known.csv").read_bytes()).hexdigest()
    assert [(c.case, c.better) for c in score.changes] == [
        ("flat", "champion"),
        ("villa", "champion"),
    ]
    assert said(judgement).outcome == "fail"
    assert said(judgement).text == (
        "known: within-30000 0.0 against 1.0 of the champion on 2 cases: 0 gained, 2 lost"
        " (flat, villa); at most 1 may be lost"
    )


@pytest.mark.parametrize(
    ("severity", "outcome", "words"),
    [("fail", "fail", "asked for"), ("warn", "warn", "asked for"), ("note", "pass", "noted: ")],
)
def test_a_broken_bound_is_as_grave_as_the_file_says(known, severity, outcome, words):
    known.add(f'min = 0.5\nseverity = "{severity}"')
    judgement = spoil(known)
    assert said(judgement).outcome == outcome
    assert words in said(judgement).text


def test_a_bound_that_is_kept_passes(known):
    known.add("min = 1.0\nmax_lost = 0")
    known.months(11, 12)
    judgement = known.retrained().judgement
    assert said(judgement).outcome == "pass"


WRONG = {
    "it is gone": (lambda life: (life.root / "known.csv").unlink(), "there is no file known.csv"),
    "it is empty": (lambda life: (life.root / "known.csv").write_text(""), "known.csv is empty"),
    "it has no cases": (
        lambda life: (life.root / "known.csv").write_text(
            (life.root / "known.csv").read_text().splitlines()[0] + "\n"
        ),
        "holds no cases",
    ),
    "it lacks a column": (
        lambda life: life.write(
            *[{k: v for k, v in c.items() if k != "rooms"} for c in life.cases]
        ),
        "the rows lack the column `rooms`",
    ),
    "it lacks the answers": (
        lambda life: life.write(
            *[{k: v for k, v in c.items() if k != "price"} for c in life.cases]
        ),
        "the rows lack the column `price`",
    ),
    "an answer is missing": (
        lambda life: life.write(life.cases[0], {**life.cases[1], "price": None}),
        "the first is row 2: price: there is none",
    ),
    "an answer is no number": (
        lambda life: life.write(*[{**c, "price": "dear"} for c in life.cases]),
        "price: 'dear' is not",
    ),
    "a value cannot be read": (
        lambda life: life.write(*[{**c, "rooms": "three"} for c in life.cases]),
        "2 cases cannot be read; the first: rooms: 'three' is not",
    ),
    "every case is ambiguous": (
        lambda life: life.write(life.cases[0], {**life.cases[0], "price": 1}),
        "all 2 cases are ambiguous",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_cannot_judge_fails_with_its_reason(known, wrong):
    spoiling, words = WRONG[wrong]
    spoiling(known)
    known.months(11, 12)
    judgement = known.retrained().judgement
    assert judgement.verdict.outcome == "fail"
    assert words in said(judgement).text
    assert str(known.root) not in said(judgement).text


def test_a_file_that_changed_since_the_champion_was_judged_fails_until_it_is_meant(known):
    known.months(11, 12)
    known.retrained()
    by_force(known.model, known.registry(), known.state.newest, "production", "a drill")
    known.write(*known.cases, house("new", 100_000))
    known.change("alpha = 0.1", "alpha = 0.05")
    first = said(known.retrained().judgement)
    assert first.outcome == "fail"
    assert "is not what the champion was judged on" in first.text
    known.change("alpha = 0.05", "alpha = 0.04")
    again = said(known.retrained().judgement)
    assert again.outcome == "fail"  # trying again does not help
    known.add(re.search(r'sha256 = "\w+"', again.text)[0])
    known.change("alpha = 0.04", "alpha = 0.03")
    assert said(known.retrained().judgement).outcome == "pass"
    known.write(*known.cases)
    known.change("alpha = 0.03", "alpha = 0.02")
    assert "keepfit.toml says" in said(known.retrained().judgement).text


def test_losses_of_single_cases_are_asked_of_a_metric_that_tells_them(known):
    known.change('metric = "within-30000"', "max_lost = 1")  # by default it is measured by mae
    judgement = spoil(known)
    assert said(judgement).outcome == "fail"
    assert "max_lost asks which cases are right, which mae does not tell" in said(judgement).text


def test_ambiguous_cases_are_left_out_and_counted(known):
    twice = house("attic", 1, area_m2=33), house("attic", 2, area_m2=34)
    marked = [{**c, "unclear": c["who"] == "villa"} for c in (*known.cases, *twice)]
    known.write(*marked)
    known.add('ambiguous = "unclear"')
    known.months(11, 12)
    (score,) = known.retrained().judgement.evidence.benchmarks
    assert (score.cases, score.ambiguous) == (1, 3)


def test_a_version_is_scored_on_the_cases_and_two_are_compared(known):
    spoil(known)
    model, ports = known.model, known.ports()
    scored = evaluate(model, ports, known.open("1.0.0"), None)
    assert [(b.challenger, b.champion) for b in scored.benchmarks] == [(1.0, None)]
    compared = compare(model, ports, known.open("1.0.0"), known.open("latest"), None)
    (score,) = compared.judgement.evidence.benchmarks
    assert (score.gained, score.lost) == (2, 0)
    assert {change.better for change in score.changes} == {"challenger"}


def test_check_finds_a_file_and_columns_that_are_not_there(known):
    known.add('answer = "prise"')
    (problem,) = check_model(known.project, "price")
    assert (problem.key, problem.message) == (
        "model.price.benchmark.known.file",
        "has no column `prise`. Did you mean `price`?",
    )
    (known.root / "known.csv").unlink()
    (problem,) = check_model(known.project, "price")
    assert "there is no file" in problem.message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('metric = "acuracy"', "Did you mean `accuracy`?"),
        ("max_lost = -1", "max_lost"),
        ('sha256 = "abc"', "sha256"),
        ('metric = "mae"\nmax_lost = 1', "by which no case is right or wrong"),
    ],
)
def test_what_is_wrong_with_the_table_is_told(known, line, words):
    if "metric" in line:
        known.change('metric = "within-30000"', "")
    known.add(line)
    with pytest.raises(ConfigError) as caught:
        _ = known.project
    assert words in str(caught.value)
