"""Better params from the training rows alone: fair, the same again, and honest about luck."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from keepfit.errors import ConfigError, DataRefused, NotInstalled, UserError
from keepfit.kinds.base import Lesson
from keepfit.lifecycle.check import check_model
from keepfit.lifecycle.ports import Ports
from keepfit.lifecycle.tune.bench import Bench
from keepfit.lifecycle.tune.paste import paste
from keepfit.lifecycle.tune.run import tune

ALPHA = "alpha = { low = 0.001, high = 1000, log = true }"
WRITTEN = {"alpha": 0.1}


@pytest.fixture
def searched(life):
    """Ten months of houses, and eight candidates for ridge's alpha."""
    life.add(f"[model.price.tune]\ntrials = 8\nfolds = 4\nparams = {{ {ALPHA} }}")
    return life


def tuned(life, **more):
    return tune(life.model, life.ports(), written=WRITTEN, **more)


def told(found):
    """What does not hang on the clock."""
    return [
        (one.number, one.params, one.outcome, one.share, one.score, one.gain, one.low, one.high)
        for one in found.trials
    ]


def sales(life, change):
    """Every file of sales as `change` makes it of the rows."""
    for file in sorted(life.root.glob("data/*.csv")):
        change(pl.read_csv(file, infer_schema=False)).write_csv(file)


@pytest.mark.parametrize("split", ["time", "random", "group"])
def test_the_holdout_may_say_whatever_it_likes(searched, split):
    if split != "time":
        searched.change('holdout = "2 months"', f'holdout = 0.25\nby = "{split}"')
    if split == "group":
        searched.change('by = "group"', 'by = "group"\ngroup = "area_m2"')
    before = tuned(searched)
    bench = Bench.of(searched.model, searched.ports())
    learned = bench.split.pool["house_id"].cast(pl.String).to_list()
    # what a clean rule takes out is no holdout row either
    held = ~pl.col("house_id").is_in(learned) & (pl.col("price").cast(pl.Float64) > 1000)
    changed = []

    def other(rows):
        changed.append(rows.filter(held).height)
        return rows.with_columns(
            price=pl.when(held).then(pl.lit("123456")).otherwise("price"),
            rooms=pl.when(held).then(pl.lit("99")).otherwise("rooms"),
        )

    sales(searched, other)
    assert sum(changed) > 30
    after = tuned(searched, fresh=True)
    assert told(after) == told(before)
    assert (after.rows, after.cuts, after.toml) == (before.rows, before.cuts, before.toml)
    assert tuned(searched).resumed == 9  # not even the name of the search hangs on the holdout


def test_no_holdout_row_is_at_hand_when_candidates_are_judged(searched):
    bench = Bench.of(searched.model, searched.ports())
    assert bench.split.holdout.height == len(bench.split.holdout_keys) == 0
    assert bench.split.pool.filter(pl.col("sold_on").cast(pl.String) >= "2024-09").height == 0


def test_the_file_s_own_params_come_first_and_all_are_judged_on_the_same_rows(searched):
    found = tuned(searched)
    assert found.baseline.params == WRITTEN
    assert found.baseline.gain is None
    assert len(found.trials) == 9
    for trial in found.trials:
        assert [(fold.learned, fold.judged) for fold in trial.folds] == [
            (cut.learned, cut.judged) for cut in found.cuts
        ]
    learned = [cut.learned for cut in found.cuts]
    assert learned == sorted(learned)
    best = found.trials[found.best]
    assert best.score == min(one.score for one in found.trials)
    assert best.gain == pytest.approx(found.baseline.score - best.score)
    assert best.low <= best.gain <= best.high
    assert found.toml == f"[model.price.params]\nalpha = {best.params['alpha']}"


def test_a_trial_is_trained_as_the_kind_trains_on_these_rows(searched):
    from keepfit.kinds import kind

    found = tuned(searched)
    bench, model = Bench.of(searched.model, searched.ports()), searched.model
    pool = bench.split.pool.select(*model.spec.features, "price")
    trial = found.trials[3]
    for fold, said in zip(bench.folds, trial.folds, strict=True):
        lesson = Lesson(
            model.spec.features,
            "price",
            pool.filter(pl.Series(fold.train)),
            pool.clear(),
            model.spec.encode,
        )
        params = type(model.params).model_validate(trial.params)
        fitted = kind("ridge").fit(lesson, params, seed=42, threads=1)
        rows = pool.filter(pl.Series(fold.judge))
        error = (fitted.predict(rows).values - rows["price"]).abs().mean()
        assert said.score == pytest.approx(error)


def test_nothing_is_stored_but_the_trials_beside_the_project(searched):
    before = searched.tree()
    tuned(searched)
    new = {name for name, data in searched.tree().items() if before.get(name) != data}
    assert len(new) == 1
    assert new.pop().startswith(".keepfit/tune/price/")


def test_the_winner_s_version_is_minor_and_the_gate_judges_it(searched):
    searched.change("alpha = 0.1", "alpha = 100.0")
    searched.change('rules  = [{ metric = "mae", max = 20000 }]', "min_gain = 0.0")
    searched.first_champion()
    found = tune(searched.model, searched.ports(), written={"alpha": 100.0})
    assert found.trials[found.best].low > 0  # a gain that is there is seen
    searched.change("[model.price.params]\nalpha = 100.0", found.toml)
    assert searched.plan().bump == "minor"
    result = searched.retrained()
    assert result.version.startswith("1.1.0-")
    assert result.judgement.evidence.champion.version.startswith("1.0.0-")


def interrupted(life, after):
    """Ports at which somebody presses Ctrl-C when trial `after` begins."""

    def say(_model, step):
        if step.startswith(f"trial {after} of"):
            raise KeyboardInterrupt

    plain = life.ports()
    return Ports(plain.registry, plain.trainer, plain.clock, plain.environ, plain.cache, say)


HOWS = ["random", "grid", "halving", "optuna"]


@pytest.mark.parametrize("how", HOWS)
def test_a_search_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(searched, how):
    if how == "optuna":
        pytest.importorskip("optuna")
    searched.change("trials = 8", f'trials = 5\nsearch = "{how}"')
    whole = tuned(searched)
    part = tune(searched.model, interrupted(searched, 3), written=WRITTEN, fresh=True)
    assert part.stopped == "by hand"
    assert told(part) == told(whole)[:3]
    rest = tuned(searched)
    assert (rest.resumed, rest.stopped) == (3, "")
    assert told(rest) == told(whole)
    assert rest.toml == whole.toml


def test_what_a_killed_search_left_half_written_is_tried_again(searched):
    whole = tuned(searched)
    (file,) = searched.root.glob(".keepfit/tune/price/*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:4]) + lines[4][:17])
    again = tuned(searched)
    assert again.resumed == 4
    assert told(again) == told(whole)
    assert len(file.read_bytes().splitlines()) == 9


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alpha = 0.1", "alpha = 0.2"),
        ("folds = 4", "folds = 3"),
        ("high = 1000", "high = 100"),
        ('"garden"]', "]"),
        ("price > 1000", "price > 50000"),
    ],
)
def test_another_model_another_space_and_other_rows_are_another_search(searched, old, new):
    tuned(searched)
    searched.change(old, new)
    assert tuned(searched).resumed == 0


def test_a_file_s_params_that_cannot_be_trained_are_told_as_training_tells_it(searched):
    searched.change('kind     = "ridge"', 'kind     = "sklearn"')
    searched.change("alpha = 0.1", 'estimator = "sklearn.linear_model.Ridge"\nalhpa = 1.0')
    with pytest.raises(UserError, match="alhpa"):
        tuned(searched)


def test_a_candidate_that_the_kind_refuses_is_counted_with_its_reason(life):
    pytest.importorskip("lightgbm")
    life.change('kind     = "ridge"', 'kind     = "lightgbm-regressor"')
    life.change("alpha = 0.1", "num_iterations = 5")
    life.add(
        "[model.price.tune]\nsearch = 'grid'\nfolds = 2\n"
        "params = { loss = ['quantile', 'absolute_error'], num_leaves = [4, 8] }"
    )
    found = tune(life.model, life.ports(), written={"num_iterations": 5})
    refused = [one for one in found.trials if one.outcome == "refused"]
    assert [one.params["loss"] for one in refused] == ["quantile", "quantile"]
    assert 'has loss = "quantile"; expected `quantile` beside it' in refused[0].reason
    assert found.best is None or found.trials[found.best].params["loss"] == "absolute_error"


def test_rows_that_the_checks_refuse_are_not_searched_on(searched):
    searched.add("[model.price.checks]\nranges = { rooms = [1, 2] }")
    with pytest.raises(DataRefused, match="rooms"):
        tuned(searched)


def test_the_clock_ends_a_search_between_two_trials(searched):
    searched.change("trials = 8", "trials = 8\ntimeout = 25")
    ticks = iter(range(0, 10_000, 10))
    found = tuned(searched, now=lambda: next(ticks))
    assert found.stopped == "timeout"
    assert 1 <= len(found.trials) < 9


def test_a_metric_of_its_own_decides(searched):
    searched.code("measures", "def worst(truth, said):\n    return abs(truth - said).max()\n")
    searched.add('[model.price.metric.worst]\nfunction = "measures:worst"\nbetter = "lower"')
    searched.change("folds = 4", 'folds = 4\nmetric = "worst"')
    found = tuned(searched)
    assert (found.metric, found.better) == ("worst", "lower")
    scores = [one.score for one in found.trials]
    assert found.best is None or found.trials[found.best].score == min(scores)


def test_a_metric_that_does_not_suit_is_told_with_those_that_do(searched):
    searched.change("folds = 4", 'folds = 4\nmetric = "roc_auc"')
    with pytest.raises(UserError, match="is 'roc_auc', which does not suit regression"):
        tuned(searched)


def test_without_a_space_there_is_nothing_to_search(life):
    with pytest.raises(UserError, match=r"tune\.params is empty") as caught:
        tuned(life)
    assert "alpha = { low = 0.01" in caught.value.hint


def test_optuna_that_is_not_installed_is_asked_for_by_its_command(searched, monkeypatch):
    searched.change("trials = 8", 'trials = 2\nsearch = "optuna"')
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(NotInstalled) as caught:
        tuned(searched)
    assert caught.value.hint == "pip install 'keepfit[optuna]'"


def test_more_candidates_widen_the_interval_of_the_same_gain(searched):
    few = tuned(searched)
    searched.change("trials = 8", "trials = 80")
    many = tune(searched.model, interrupted(searched, 9), written=WRITTEN)
    pairs = [
        (one, other)
        for one, other in zip(few.trials, many.trials, strict=False)
        if one.low is not None
    ]
    assert pairs
    for one, other in pairs:
        assert one.gain == other.gain
        assert other.low < one.low
        assert one.high < other.high


def test_of_candidates_that_only_chance_tells_apart_none_is_called_better_for_sure(life):
    pytest.importorskip("sklearn")
    life.change('kind     = "ridge"', 'kind     = "sklearn"')
    life.change(
        "alpha = 0.1",
        'estimator = "sklearn.tree.ExtraTreeRegressor"\nrandom_state = 0',
    )
    seeds = ", ".join(map(str, range(1, 25)))
    life.add(
        f"[model.price.tune]\nsearch = 'grid'\nfolds = 3\nparams = {{ random_state = [{seeds}] }}"
    )
    found = tune(life.model, life.ports(), written={})
    better = [one for one in found.trials[1:] if one.gain > 0]
    assert len(better) > 3  # the best of many looks better
    assert all(one.low < 0 for one in better)


def test_halving_tries_on_few_rows_first_and_only_what_saw_all_can_win(searched):
    searched.change("trials = 8", 'trials = 9\nsearch = "halving"')
    found = tuned(searched)
    assert [round(one.share, 3) for one in found.trials] == [1, *[0.111] * 9, *[0.333] * 3, 1]
    for one in found.trials:
        for fold, cut in zip(one.folds, found.cuts, strict=True):
            assert fold.learned <= max(1, round(cut.learned * one.share))
            assert fold.judged == cut.judged
        assert (one.gain is None) == (one.share < 1 or one.number == 0)
    assert found.best in (None, 13)


def test_early_stopping_sees_rows_that_the_fold_learns_from_and_no_others(life):
    pytest.importorskip("lightgbm")
    life.change('holdout = "2 months"', 'holdout = "2 months"\nvalidation = "2 weeks"')
    life.change('kind     = "ridge"', 'kind     = "lightgbm-regressor"')
    life.change("alpha = 0.1", "num_iterations = 40\nearly_stopping_rounds = 2")
    life.add("[model.price.tune]\nfolds = 2\ntrials = 1\nparams = { num_leaves = [3, 4] }")
    found = tune(life.model, life.ports(), written={})
    assert all(cut.validation > 0 for cut in found.cuts)
    bench = Bench.of(life.model, life.ports())
    whole = bench.judged(life.model.spec.params, bench.folds)
    blind = [
        type(fold)(fold.train, np.zeros_like(fold.validation), fold.judge) for fold in bench.folds
    ]
    without = bench.judged(life.model.spec.params, blind)
    assert any(one.score != other.score for one, other in zip([*whole], [*without], strict=True))


def test_a_class_of_the_project_is_searched_and_its_own_params_are_checked(life):
    life.code(
        "half",
        "import dataclasses, json\n"
        "@dataclasses.dataclass\n"
        "class Params:\n    share: float = 0.5\n"
        "class Half:\n"
        "    task = 'regression'\n    params = Params\n"
        "    def __init__(self, value): self.value = value\n"
        "    @classmethod\n"
        "    def fit(cls, lesson, params):\n"
        "        return cls(lesson.train[lesson.target].quantile(params.share))\n"
        "    def predict(self, rows): return [self.value] * rows.height\n"
        "    def save(self): return {'v.json': json.dumps(self.value).encode()}\n"
        "    @classmethod\n"
        "    def load(cls, files): return cls(json.loads(files['v.json']))\n",
    )
    life.change('kind     = "ridge"', 'kind     = "python"')
    life.change("alpha = 0.1", 'class = "half:Half"\nshare = 0.9')
    life.add("[model.price.tune]\ntrials = 6\nparams = { share = { low = 0.1, high = 0.95 } }")
    assert check_model(life.project, "price") == []
    found = tune(life.model, life.ports(), written={"class": "half:Half", "share": 0.9})
    assert found.toml.startswith('[model.price.params]\nclass = "half:Half"\nshare = 0.')
    life.change("share = { low = 0.1", 'share = ["some"], x = { low = 0.1')
    keys = {problem.key for problem in check_model(life.project, "price")}
    assert keys == {
        "model.price.tune.params.share[0]",
        "model.price.tune.params.x.low",
        "model.price.tune.params.x.high",
    }


def test_every_problem_of_a_space_is_told_at_once_with_its_line_and_a_guess(life):
    life.add(
        '[model.price.tune]\nserch = "grid"\nmetric = "mea"\n[model.price.tune.params]\n'
        "alhpa = [1]\nalpha = { low = -1, high = 10 }\nfit_intercept = [true, 'no']"
    )
    with pytest.raises(ConfigError) as caught:
        _ = life.project
    problems = {problem.key: problem for problem in caught.value.problems}
    lines = (life.root / "keepfit.toml").read_text().splitlines()
    for key, said, line in (
        ("serch", "Did you mean `search`?", 'serch = "grid"'),
        ("metric", "Did you mean `mae`?", 'metric = "mea"'),
        ("params.alhpa", "Did you mean `alpha`?", "alhpa = [1]"),
        ("params.alpha.low", "is -1; expected a number of at least 0", "alpha = { low = -1"),
        ("params.fit_intercept[1]", "is 'no'; expected true or false", "fit_intercept"),
    ):
        problem = problems.pop(f"model.price.tune.{key}")
        assert said in problem.message
        assert lines[int(problem.place.rpartition(":")[2]) - 1].startswith(line)
    assert not problems


def test_a_space_never_makes_a_model_due(searched):
    searched.retrained()
    searched.change("high = 1000", "high = 10")
    assert searched.plan().status == "fresh"


def test_what_is_to_be_pasted_is_toml_that_says_the_same():
    import tomllib

    params = {
        "a": 1e-05,
        "odd key": 'a "text"',
        "b": True,
        "c": [1, 2],
        "d": 3,
        "e": {"max_depth": 3},
    }
    assert tomllib.loads(paste("a.b", params)) == {"model": {"a.b": {"params": params}}}


def test_the_same_rows_in_other_files_are_the_same_search(searched):
    before = tuned(searched)
    files = sorted(searched.root.glob("data/*.csv"))
    rows = pl.concat([pl.read_csv(file, infer_schema=False) for file in files])
    for file in files:
        file.unlink()
    rows.reverse().write_csv(files[0])
    after = tuned(searched)
    assert after.resumed == 9
    assert told(tuned(searched, fresh=True)) == told(before)


def test_a_fleet_and_rows_that_weigh_more_are_searched_as_they_are_trained(life):
    life.add(f"[model.price.tune]\ntrials = 2\nfolds = 2\nparams = {{ {ALPHA} }}")
    plain = told(tuned(life))
    life.change('kind     = "ridge"', 'kind     = "ridge"\nper      = "district"')
    fleet = told(tuned(life))
    sales(
        life,
        lambda rows: rows.with_columns(origin=pl.when(pl.col("rooms") > "3").then(pl.lit("a"))),
    )
    life.change(
        'key    = ["house_id"]',
        'key    = ["house_id"]\norigin = { column = "origin", weight = { a = 5 } }',
    )
    weighed = told(tuned(life))
    scores = [[score for *_, score, _, _, _ in found] for found in (plain, fleet, weighed)]
    assert all(None not in found for found in scores)
    assert scores[0] != scores[1] != scores[2]


def test_texts_that_say_too_little_to_be_answered_are_judged_all_the_same(life):
    life.change('kind     = "ridge"', 'kind     = "text-classifier"')
    life.change('target   = "price"', 'target   = "garden"')
    life.change('"area_m2", "rooms", "age_years", "district", "garden"]', '"district"]')
    life.change('metric = "mae"\nrules  = [{ metric = "mae", max = 20000 }]', 'metric = "log_loss"')
    life.change("alpha = 0.1", "epochs = 1")
    life.add('[model.price.data.text.district]\nvague = ["centre"]')
    life.add("[model.price.tune]\ntrials = 1\nfolds = 2\nparams = { epochs = [1, 2] }")
    found = tune(life.model, life.ports(), written={"epochs": 1})
    assert [one.outcome for one in found.trials] == ["scored", "scored"]
    assert all(cut.judged > 20 for cut in found.cuts)
