"""Three ways to keep learning: from scratch on a window, on everything, on from the champion."""

from datetime import UTC, datetime

import pytest

from keepfit.durations import Duration
from keepfit.errors import DataRefused, UserError
from keepfit.lifecycle.check import check_model
from keepfit.lifecycle.collect import made_again
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild
from keepfit.lifecycle.replay import periods, replay
from keepfit.lifecycle.warm import WARM, WARM_KEYS
from keepfit.lifecycle.ways import compare_ways, last_periods

pytestmark = pytest.mark.slow

MONTH = Duration(1, "month")
BOOSTED = {
    "catboost-regressor": "iterations = 30\nlearning_rate = 0.2",
    "lightgbm-regressor": "num_iterations = 20\nmin_data_in_leaf = 5",
    "mlp-regressor": "epochs = 20\nhidden = [8]\nbatch_size = 16\nlearning_rate = 0.02",
    "sklearn": 'estimator = "sklearn.linear_model.SGDRegressor"\neta0 = 0.001',
}


@pytest.fixture(params=BOOSTED)
def updated(request, bare):
    """Houses whose model goes on from its champion; eight months are there."""
    kind = request.param
    package = kind.partition("-")[0]
    pytest.importorskip("torch" if package == "mlp" else package)
    return update_by(bare, kind, BOOSTED[kind])


def update_by(bare, kind, params):
    bare.months(*range(1, 9))
    scale = "\nencode = { scale = true }" if kind == "sklearn" else ""
    bare.change('kind     = "ridge"', f'kind     = "{kind}"\ntrain    = "update"{scale}')
    bare.change("alpha = 0.1", params)
    bare.change('rules  = [{ metric = "mae", max = 20000 }]', "min_gain = 0.0")
    return bare


def again(life):
    found = rebuild(
        life.state.newest, life.name, life.ports(), Scene(life.root, any_environment=True)
    )
    return found.outcome, found.differs


def manifest(life, version=None):
    return life.registry().manifest(life.name, version or life.state.newest.version)


def test_the_first_is_trained_from_scratch_and_the_next_goes_on_from_the_champion(updated):
    first = updated.first_champion()
    assert manifest(updated).recipe.warm is None
    updated.months(9, 10)
    second = updated.retrained()
    made = manifest(updated)
    assert made.recipe.warm.version == first.version
    assert made.recipe.warm.digest == manifest(updated, first.version).candidate.digest
    split, before = made.candidate.split, manifest(updated, first.version).candidate.split
    assert split.known == before.train
    assert 0 < split.train < before.train
    assert second.judgement.evidence.champion.version == first.version
    said = {reason.text for reason in second.judgement.verdict.reasons if reason.outcome == "fail"}
    assert not [text for text in said if "the evidence says" in text]
    assert split.before == before.train
    assert again(updated) == ("IDENTICAL", ())


def test_what_it_learned_holds_what_the_champion_had_learned(updated):
    updated.first_champion()
    before = set(updated.open("latest").keys.tolist())
    updated.months(9, 10)
    updated.retrained()
    after = updated.open("latest")
    assert before < set(after.keys.tolist())
    assert len(after.keys) == len(before) + after.manifest.candidate.split.train


def test_an_update_of_an_update_is_made_again_when_those_before_are_gone(updated):
    updated.first_champion()
    updated.months(9)
    updated.retrained(force=True)
    second = updated.state.newest.version
    held = updated.state.stages["production"].seq
    updated.registry().promote(
        updated.name, version=second, stage="production", expect=held, how="force", reason="test"
    )
    updated.months(10)
    updated.retrained(force=True)
    assert manifest(updated).recipe.warm.version == second
    paths = {file.path for file in manifest(updated).files}
    assert WARM_KEYS in paths
    assert any(path.startswith(WARM) for path in paths)
    for held in (updated.root / "store").rglob("*"):
        if held.is_file() and second in held.parts:
            held.unlink()
    assert again(updated) == ("IDENTICAL", ())


def test_nothing_new_is_refused_with_what_to_do(updated):
    updated.first_champion()
    with pytest.raises(DataRefused, match="nothing new to learn: the champion has learned from"):
        updated.run(force=True)


def test_another_model_than_the_champion_is_trained_from_scratch_and_that_is_told(updated):
    first = updated.first_champion()
    updated.months(9)
    updated.change('"age_years", ', "")
    result = updated.retrained()
    assert manifest(updated).recipe.warm is None
    (told,) = [f.message for f in result.judgement.evidence.findings if f.check == "update"]
    assert told.startswith(f"trained from scratch, not on from {first.version}: features")


CANNOT = {
    "ridge": ("alpha = 0.1", "for its coefficients are the best ones for the rows at hand"),
    "hist-gradient-boosting-regressor": ("", "for scikit-learn cuts numbers anew with new rows"),
    "sklearn": (
        'estimator = "sklearn.ensemble.RandomForestRegressor"',
        "for RandomForestRegressor has no partial_fit",
    ),
}


@pytest.mark.parametrize("kind", CANNOT)
def test_a_kind_that_cannot_says_so_at_check_and_before_it_trains(bare, kind):
    params, why = CANNOT[kind]
    life = update_by(bare, kind, params)
    (problem,) = check_model(life.project, life.name)
    assert problem.key == "model.price.train"
    assert "is 'update': going on from a model is not for it, " + why in problem.message
    assert "expected 'window' or 'all', or another kind: catboost-…" in problem.message
    with pytest.raises(UserError, match=r"model\.price\.train is 'update'"):
        life.run()


def test_all_learns_from_rows_that_the_window_leaves_out(life):
    life.change('time   = "sold_on"', 'time   = "sold_on"\nwindow = "3 months"')
    life.retrained()
    window = manifest(life).candidate.split.train
    life.change('kind     = "ridge"', 'kind     = "ridge"\ntrain    = "all"')
    planned = life.plan()
    assert planned.reasons == ("train window → all (minor version)",)
    life.retrained()
    assert manifest(life).candidate.split.train > 2 * window


def test_a_file_that_says_window_is_one_that_says_nothing(life):
    life.retrained()
    life.change('kind     = "ridge"', 'kind     = "ridge"\ntrain    = "window"')
    assert life.plan().status == "fresh"


def compared(life, count=3):
    spans = last_periods(life.model, life.ports(), count, MONTH)
    return compare_ways(life.model, life.ports(), spans)


def by_way(ways):
    return {trial.way: trial.months for trial in ways.trials}


@pytest.fixture
def three(bare):
    """Eight months, a window of three, and a kind that can go all three ways."""
    pytest.importorskip("lightgbm")
    life = update_by(bare, "lightgbm-regressor", BOOSTED["lightgbm-regressor"])
    life.change('time   = "sold_on"', 'time   = "sold_on"\nwindow = "3 months"')
    life.change('holdout = "2 months"', 'holdout = "1 month"')
    return life


def test_each_way_is_judged_on_the_same_months_by_what_was_known_before(three):
    ways = compared(three)
    months = by_way(ways)
    assert [trial.way for trial in ways.trials] == ["update", "window", "all"]
    assert {tuple((m.start, m.rows) for m in way) for way in months.values()} == {
        tuple((m.start, m.rows) for m in months["all"])
    }
    assert (ways.metric, ways.better, ways.now) == ("mae", "lower", "update")
    learned = {way: [month.learned for month in found] for way, found in months.items()}
    assert learned["all"] == sorted(learned["all"])
    assert all(few < many for few, many in zip(learned["window"], learned["all"], strict=True))
    assert learned["update"][0] == learned["window"][0]  # there is nothing to go on from yet
    assert all(
        one < other for one, other in zip(learned["update"][1:], learned["window"][1:], strict=True)
    )
    assert ways.best.mean == min(trial.mean for trial in ways.trials)


def test_what_comes_later_changes_nothing_of_a_month(three):
    before = by_way(compared(three, 2))
    three.months(9, change=lambda lines: [f"{line}000" for line in lines])
    after = by_way(compared(three, 3))
    for way, months in before.items():
        assert [(m.start, m.learned, m.score) for m in months] == [
            (m.start, m.learned, m.score) for m in after[way][:2]
        ]


def test_nothing_is_stored_by_a_comparison_of_ways(three):
    compared(three, 1)
    before = three.tree()
    compared(three, 2)
    assert three.tree() == before


def test_ways_that_cannot_be_gone_are_left_out_with_the_reason(life):
    ways = compared(life, 2)
    assert [trial.way for trial in ways.trials] == ["window"]
    told = dict(ways.left_out)
    assert told["all"] == "without data.window it is the same as `window`"
    assert told["update"].startswith("going on from a model is not for it, for its coefficients")


def test_without_a_past_period_there_is_nothing_to_judge(life):
    with pytest.raises(DataRefused, match="no row says when it happened"):
        compare_ways(life.model, life.ports(), [])


def test_months_without_a_time_are_refused(life):
    life.change('time   = "sold_on"\n', "")
    life.change('holdout = "2 months"', "holdout = 0.2")
    with pytest.raises(UserError, match="nobody can say what was known in past months"):
        compare_ways(life.model, life.ports(), [])


def test_a_recipe_keeps_what_the_version_went_on_from():
    assert not made_again(WARM_KEYS)
    assert not made_again(f"{WARM}model.cbm")


COUNTING = '''
import json


class Mean:
    """The mean of all rows there ever were, kept as their number and sum."""

    task = "regression"

    def __init__(self, rows, total):
        self.rows, self.total = rows, total

    @classmethod
    def fit(cls, lesson, params, *, warm):
        prices = lesson.train[lesson.target]
        rows, total = (warm.rows, warm.total) if warm else (0, 0.0)
        return cls(rows + prices.len(), total + prices.sum())

    def predict(self, rows):
        return [self.total / self.rows] * rows.height

    def save(self):
        return {"mean.json": json.dumps([self.rows, self.total]).encode()}

    @classmethod
    def load(cls, files):
        return cls(*json.loads(files["mean.json"]))
'''


def test_a_class_of_the_project_goes_on_and_is_made_again(bare):
    life = update_by(bare, "python", 'class = "counting:Mean"')
    life.code("counting", COUNTING)
    assert check_model(life.project, life.name) == []
    life.first_champion()
    first = life.open("latest").predictor.fitted.model
    life.months(9, 10)
    life.retrained()
    second = life.open("latest").predictor.fitted.model
    assert second.rows == first.rows + manifest(life).candidate.split.train
    assert again(life) == ("IDENTICAL", ())
    life.code("counting", COUNTING.replace("params, *, warm)", "params, warm=None)") + "\n# new\n")
    life.months(11)
    result = life.retrained()
    (told,) = [f.message for f in result.judgement.evidence.findings if f.check == "update"]
    assert told.endswith("its code is another")


def test_other_clean_rules_and_more_trees_are_no_other_model(updated):
    first = updated.first_champion()
    updated.months(9)
    updated.change("price > 1000", "price > 2000")
    updated.retrained()
    assert manifest(updated).recipe.warm.version == first.version


def test_a_replay_goes_on_from_its_own_champions(updated):
    start, end = (datetime(2024, month, 1, tzinfo=UTC) for month in (6, 9))
    course = replay(updated.model, updated.ports(), "always", [*periods(start, end, MONTH)])
    assert [period.challenger is not None for period in course.periods] == [True] * 3


def test_a_network_with_other_layers_begins_from_scratch_and_says_so(bare):
    pytest.importorskip("torch")
    life = update_by(bare, "mlp-regressor", BOOSTED["mlp-regressor"])
    life.first_champion()
    life.months(9, 10)
    life.change("hidden = [8]", "hidden = [8, 4]")
    made = life.retrained()
    assert manifest(life).recipe.warm is None
    told = [found.message for found in made.judgement.evidence.findings]
    assert any("trained from scratch" in one and "hidden" in one for one in told)
