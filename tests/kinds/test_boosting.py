"""What gradient boosting promises, whichever library grows the trees."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from keepfit.config.schema.rows import Encode
from keepfit.errors import Corrupt, DataRefused, NotInstalled, UserError
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.header import MODEL

pytestmark = pytest.mark.slow

# library -> its package, the extra that has it, and the word for the most trees
LIBRARIES = {
    "hist-gradient-boosting": ("sklearn", "sklearn", "max_iter"),
    "catboost": ("catboost", "catboost", "iterations"),
    "lightgbm": ("lightgbm", "lightgbm", "num_iterations"),
}
FEATURES = ("a", "b", "town", "code")
TOWNS = ("York", "Ely", "Bath", "Wells")


@pytest.fixture(params=LIBRARIES)
def library(request):
    pytest.importorskip(LIBRARIES[request.param][0])
    return request.param


def frame(rows=600, seed=7):
    """Numbers, one of them with nulls that mean something, and categories of text and of codes."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows), random.normal(size=rows)
    town, code = random.integers(0, 4, rows), random.integers(0, 30, rows)
    hidden = random.random(rows) < 0.2
    y = 2 * a + np.array([3, -3, 0, 1])[town] + (code % 3) + 6 * hidden + random.normal(size=rows)
    return pl.DataFrame(
        {
            "a": a,
            "b": [None if gone else value for gone, value in zip(hidden, b, strict=True)],
            "town": [TOWNS[place] for place in town],
            "code": code,
            "y": y,
            "count": np.floor(np.abs(y)) + 1,
            "yes": y > 3,
            "rare": y > 7,
            "label": np.array(["low", "mid", "top"])[np.digitize(y, [1, 5])],
        }
    )


def lesson(target, train=None, validation=None, **encode):
    train = frame() if train is None else train
    validation = train.clear() if validation is None else validation
    columns = [*FEATURES, target]
    encode = Encode(categorical=("code",), **encode)
    return Lesson(FEATURES, target, train[columns], validation[columns], encode)


def fit(library, target, *, train=None, validation=None, seed=1, threads=1, **params):
    name = f"{library}-{'classifier' if target in {'yes', 'rare', 'label'} else 'regressor'}"
    asked = params_of(name)(**{LIBRARIES[library][2]: 60, "learning_rate": 0.15, **params})
    taught = lesson(target, train, validation)
    return kind(name).fit(taught, asked, seed=seed, threads=threads)


@cache
def fitted(library, target, **params):
    return fit(library, target, **params)


def bits(said):
    shares = b"" if said.probabilities is None else said.probabilities.tobytes()
    return said.values.to_list(), shares


cell = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
line = st.fixed_dictionaries(
    {
        "a": cell,
        "b": cell,
        "town": st.one_of(st.none(), st.sampled_from(TOWNS), st.text(max_size=5)),
        "code": st.one_of(st.none(), st.integers(-5, 40)),
    }
)
TYPES = {"a": pl.Float64, "b": pl.Float64, "town": pl.String, "code": pl.Int64}


@pytest.mark.parametrize("target", ["y", "yes", "label"])
@pytest.mark.parametrize("library", LIBRARIES)
@settings(max_examples=10, deadline=None)
@given(lines=st.lists(line, min_size=1, max_size=10))
def test_whatever_the_rows_each_is_answered_alone_as_among_others(library, target, lines):
    pytest.importorskip(LIBRARIES[library][0])
    model, rows = fitted(library, target), pl.DataFrame(lines, schema=TYPES)
    together = model.predict(rows)
    assert together.values.null_count() == 0
    alone = [model.predict(rows[place]) for place in range(rows.height)]
    assert [one.values[0] for one in alone] == together.values.to_list()
    if together.probabilities is not None:
        assert np.isfinite(together.probabilities).all()
        shares = np.concatenate([one.probabilities for one in alone])
        assert shares.tobytes() == together.probabilities.tobytes()


@pytest.mark.parametrize("target", ["y", "yes", "label"])
def test_no_rows_get_no_answers(library, target):
    said = fitted(library, target).predict(frame().clear())
    assert said.values.len() == 0
    if target != "y":
        assert said.probabilities.shape == (0, len(said.classes))


def test_a_missing_number_is_a_value_of_its_own(library):
    rows = frame().with_columns(a=pl.lit(0.0), town=pl.lit("York"), code=pl.lit(0))
    said = fitted(library, "y").predict(rows).values
    assert said.filter(rows["b"].is_null()).mean() > said.filter(rows["b"].is_not_null()).mean() + 3


def test_a_number_that_training_never_missed_is_filled(library):
    model, rows = fitted(library, "y"), frame(50, seed=8)
    mean = frame()["a"].mean()
    gone = model.predict(rows.with_columns(a=pl.lit(None, pl.Float64)))
    assert bits(gone) == bits(model.predict(rows.with_columns(a=pl.lit(mean))))


def test_what_may_not_be_missing_is_refused(library):
    name = f"{library}-regressor"
    with pytest.raises(UserError, match=r"`b` has .* no finite number"):
        kind(name).fit(lesson("y", missing="fail"), params_of(name)(), seed=1, threads=1)


def test_rows_without_a_level_still_learn(library):
    nothing = frame().with_columns(town=pl.lit(None, pl.String), b=pl.lit(None, pl.Float64))
    model = fit(library, "y", train=nothing)
    assert model.predict(frame()).values.is_finite().all()


@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_a_quantile_has_its_share_of_the_rows_below_it(library, quantile):
    model = fit(library, "y", train=frame(3000, seed=3), loss="quantile", quantile=quantile)
    later = frame(3000, seed=4)
    below = (later["y"] < model.predict(later).values).mean()
    assert below == pytest.approx(quantile, abs=0.08)


def test_the_absolute_error_is_made_least_where_it_is_asked_for(library):
    far = pl.when(pl.int_range(pl.len()) % 20 == 0).then(1000.0).otherwise(pl.col("y"))
    rows = frame(1500).with_columns(y=far)
    error = {
        loss: (fit(library, "y", train=rows, loss=loss).predict(frame()).values - frame()["y"])
        .abs()
        .mean()
        for loss in ("absolute_error", "squared_error")
    }
    assert error["absolute_error"] < error["squared_error"] / 3


def test_counts_are_answered_above_zero(library):
    model = fit(library, "count", loss="poisson")
    said = model.predict(frame(300, seed=5)).values
    assert (said > 0).all()
    assert said.mean() == pytest.approx(frame()["count"].mean(), rel=0.1)


def test_balanced_classes_count_the_same(library):
    train, later = frame(1500), frame(1500, seed=9)
    found = {
        weight: fit(library, "rare", train=train, class_weight=weight).predict(later)
        for weight in ("none", "balanced")
    }
    share = {weight: said.probabilities[:, 1].mean() for weight, said in found.items()}
    assert share["none"] == pytest.approx(later["rare"].mean(), abs=0.05)
    assert share["balanced"] > share["none"] + 0.01


@pytest.mark.parametrize("target", ["y", "yes", "label"])
def test_validation_rows_end_the_training_and_are_not_learned_from(library, target):
    most = {LIBRARIES[library][2]: 400, "learning_rate": 0.3}
    judges = frame(300, seed=11)
    alone = fit(library, target, **most)
    stopped = fit(library, target, validation=judges, early_stopping_rounds=5, **most)
    patient = fit(library, target, validation=judges, early_stopping_rounds=400, **most)
    assert stopped.describe()["trees"] < alone.describe()["trees"]
    assert stopped.describe()["trees"] <= patient.describe()["trees"]
    if library == "catboost":
        return  # its other settings hang on how many trees there may be; it has a test of its own
    same = fit(library, target, **{**most, LIBRARIES[library][2]: rounds(stopped, target)})
    assert bits(same.predict(judges)) == bits(stopped.predict(judges))


def rounds(model, target):
    """How many rounds it took; LightGBM counts a tree for each class."""
    trees = model.describe()["trees"]
    each = 3 if target == "label" and model.header.kind.startswith("lightgbm") else 1
    return trees // each


def test_validation_rows_of_a_class_that_training_never_saw_are_left_out(library):
    train = frame().filter(pl.col("label") != "top")
    with_others = fit(library, "label", train=train, validation=frame(300, seed=11))
    known = frame(300, seed=11).filter(pl.col("label") != "top")
    without = fit(library, "label", train=train, validation=known)
    assert with_others.save() == without.save()
    only_strangers = frame(300, seed=11).filter(pl.col("label") == "top")
    nothing = fit(library, "label", train=train, validation=only_strangers)
    assert nothing.save() == fit(library, "label", train=train).save()


def test_nulls_among_validation_rows_alone_survive(library):
    judges = frame(300, seed=11).with_columns(
        a=pl.when(pl.int_range(pl.len()) % 3 != 0).then(pl.col("a")),
        town=pl.lit("Rome"),
        code=pl.lit(None, pl.Int64),
    )
    assert fit(library, "y", validation=judges).predict(judges).values.is_finite().all()


def test_another_order_of_the_features_is_another_file_but_reads_the_same_columns(library):
    model, later = fitted(library, "y"), frame(30, seed=5)
    turned = later.select(reversed(later.columns))
    assert bits(model.predict(turned)) == bits(model.predict(later))


def test_what_show_tells_is_what_it_is(library):
    told = fitted(library, "label").describe()
    assert told["kind"] == f"{library}-classifier"
    assert told["loss"] == "log_loss"
    assert told["missing"] == ["b"]
    assert [c["name"] for c in told["encoding"]["categories"]] == ["town", "code"]


WRONG = {
    "loss": ({"loss": "hinge"}, "squared_error"),
    "a quantile without its number": ({"loss": "quantile"}, "expected `quantile` beside it"),
    "a number without its quantile": ({"quantile": 0.5}, 'expected loss = "quantile" beside it'),
    "a share": ({"loss": "quantile", "quantile": 90}, "less than 1"),
    "learning_rate": ({"learning_rate": 0}, "greater than 0"),
    "early_stopping_rounds": ({"early_stopping_rounds": "soon"}, "valid integer"),
}


@pytest.mark.parametrize(("params", "words"), WRONG.values(), ids=WRONG)
def test_wrong_params_are_named_with_what_was_expected(library, params, words):
    with pytest.raises(ValidationError, match=words):
        fit(library, "y", **params)


def test_one_class_is_refused(library):
    with pytest.raises(DataRefused, match="expected two classes"):
        fit(library, "yes", train=frame().filter(pl.col("yes")))


def test_a_target_of_nothing_but_one_number_is_answered_or_refused(library):
    train = frame().with_columns(y=pl.lit(2.5))
    try:
        said = fit(library, "y", train=train).predict(frame()).values
    except UserError as error:
        assert "learn" in str(error)  # noqa: PT017 (a library may do either)
    else:
        assert said.to_list() == pytest.approx([2.5] * frame().height)


def test_counts_below_zero_are_refused_in_words(library):
    with pytest.raises(DataRefused, match='loss = "poisson" expects no numbers below 0'):
        fit(library, "y", loss="poisson")


def test_another_seed_matters_to_no_promise(library):
    for threads in (1, 2):
        made = [fit(library, "y", seed=5, threads=threads).save() for _ in range(2)]
        assert made[0] == made[1]


def test_damaged_files_are_corrupt_before_the_library_reads_them(library):
    model = fitted(library, "yes")
    files = model.save()
    for name, data in files.items():
        for damaged in (data[: len(data) // 2], data[:-20], data + b" ", b"", b"x" * 50):
            if name == MODEL and damaged == data + b" ":
                continue  # blanks after JSON say nothing
            with pytest.raises(Corrupt):
                kind(model.header.kind).load({**files, name: damaged})
        with pytest.raises(Corrupt):
            kind(model.header.kind).load({n: d for n, d in files.items() if n != name})


def test_files_of_the_other_task_are_corrupt(library):
    with pytest.raises(Corrupt, match=f"it says `{library}-classifier`"):
        kind(f"{library}-regressor").load(fitted(library, "yes").save())


ABSENT = """
import pickle, sys
sys.modules[{package!r}] = None
import polars as pl
from keepfit.config.schema.rows import Encode
from keepfit.errors import NotInstalled
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
files = pickle.loads(sys.stdin.buffer.read())
rows = pl.DataFrame({{"a": [1.0, 2.0], "y": [1.0, 2.0]}})
lesson = Lesson(("a",), "y", rows, rows, Encode())
for act in (
    lambda: kind({name!r}).fit(lesson, params_of({name!r})(), seed=1, threads=1),
    lambda: kind({name!r}).load(files),
):
    try:
        act()
    except NotInstalled as error:
        print(error, error.hint)
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_its_package_the_command_is_named(library):
    package, extra, _ = LIBRARIES[library]
    pytest.importorskip(package)
    name = f"{library}-regressor"
    files = pickle.dumps(fitted(library, "y").save())
    command = [sys.executable, "-c", ABSENT.format(package=package, name=name)]
    done = subprocess.run(command, input=files, capture_output=True, check=True)
    expected = NotInstalled(f"kind `{name}`", extra)
    assert done.stdout.decode().splitlines() == [f"{expected} {expected.hint}"] * 2


def test_naming_a_kind_imports_no_library():
    names = [f"{library}-classifier" for library in LIBRARIES]
    code = f"""
import sys
from keepfit.kinds import kind, params_of
for name in {names}:
    kind(name).task(params_of(name)())
print(*sys.modules)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    giants = {"sklearn", "scipy", "pandas", "catboost", "lightgbm", "skops"}
    assert not giants & set(out.stdout.split())


@pytest.mark.parametrize("target", ["y", "yes", "label"])
@pytest.mark.parametrize("library", ["catboost", "lightgbm"])
def test_shap_values_tell_which_features_matter(library, target):
    pytest.importorskip(library)
    values = fitted(library, target).shap(frame(200, seed=5))
    assert set(values) == set(FEATURES)
    assert min(values["town"], values["b"]) > values["code"] > 0


@pytest.mark.parametrize("library", ["catboost", "lightgbm"])
def test_what_tells_nothing_has_a_shap_value_of_zero(library):
    pytest.importorskip(library)
    train = frame().with_columns(b=pl.lit(0.0), town=pl.lit("Ely"), code=pl.lit(1))
    values = fit(library, "y", train=train).shap(train)
    assert values["a"] > 1
    assert values["b"] == values["town"] == values["code"] == 0
    assert fitted(library, "y").shap(frame().clear()) is None
