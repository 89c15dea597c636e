"""Neural networks for tables: what they learn, held against others' ways to the same numbers."""

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
from keepfit.errors import Corrupt, DataRefused, UserError
from keepfit.kinds import kind, params_of, rows_of
from keepfit.kinds.base import Lesson
from keepfit.kinds.header import MODEL
from keepfit.kinds.mlp.adam import Adam
from keepfit.kinds.mlp.file import EPOCHS
from keepfit.kinds.mlp.inputs import Inputs
from keepfit.kinds.mlp.network import Network
from keepfit.kinds.mlp.shape import Shape
from keepfit.kinds.mlp.training import Examples, Plan, _Learner, start_of
from keepfit.kinds.tensors import WEIGHTS

torch = pytest.importorskip("torch", reason="needs keepfit[torch]")
FEATURES = ("a", "b", "town", "code")
TOWNS = ("York", "Ely", "Bath", "Wells")
TARGETS = ("y", "yes", "label")


def frame(rows=600, seed=7):
    """Numbers, one of them with holes, and categories of text and of codes."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows), random.normal(size=rows) * 100 + 1000
    town, code = random.integers(0, 4, rows), random.integers(0, 30, rows)
    y = 2 * a + np.array([3, -3, 0, 1])[town] + (code % 3) + np.abs(a) + random.normal(size=rows)
    return pl.DataFrame(
        {
            "a": a,
            "b": [None if gone else value for gone, value in zip(y > 7, b, strict=True)],
            "town": [TOWNS[place] for place in town],
            "code": code,
            "y": y,
            "yes": y > 3,
            "rare": y > 6,
            "label": np.array(["low", "mid", "top"])[np.digitize(y, [1, 5])],
        }
    )


def lesson(target, train=None, validation=None, **encode):
    train = frame() if train is None else train
    validation = train.clear() if validation is None else validation
    columns = [*FEATURES, target]
    encode = Encode(categorical=("code",), **encode)
    return Lesson(FEATURES, target, train[columns], validation[columns], encode)


def fit(
    target, *, train=None, validation=None, warm=None, seed=1, threads=1, encode=None, **params
):
    name = f"mlp-{'classifier' if target in {'yes', 'rare', 'label'} else 'regressor'}"
    asked = params_of(name)(
        **{"epochs": 12, "learning_rate": 0.01, "hidden": (16, 8), "batch_size": 64, **params}
    )
    taught = lesson(target, train, validation, **(encode or {}))
    return kind(name).fit(taught, asked, seed=seed, threads=threads, warm=warm)


@cache
def fitted(target, **params):
    return fit(target, **params)


def bits(said):
    shares = b"" if said.probabilities is None else said.probabilities.tobytes()
    return said.values.to_list(), shares


SHAPE = Shape(numbers=3, levels=(4, 2), vectors=(2, 1), hidden=(5, 4), outputs=1)


def examples(shape=SHAPE, rows=40, seed=3):
    random = np.random.default_rng(seed)
    codes = np.array([random.integers(0, levels, rows) for levels in shape.levels], np.intp)
    codes = codes.reshape(len(shape.levels), rows)
    inputs = Inputs(random.normal(size=(shape.numbers, rows)), codes)
    return inputs, random.normal(size=rows)


def learner(params, shape=SHAPE, **more):
    inputs, target = examples(shape)
    if params.goal == "log_loss":
        target = np.digitize(target, [0.0] if shape.outputs == 1 else [-0.5, 0.5])
    weight = np.linspace(0.5, 1.5, len(target))
    plan = Plan(shape, params, 1.0, start_of(shape, 5), goes_on=False, seed=5, threads=1)
    return _Learner(torch, plan, Examples(inputs, target, weight), None, **more)


LOSSES = {
    "squared error": (params_of("mlp-regressor")(), SHAPE),
    "absolute error": (params_of("mlp-regressor")(loss="absolute_error"), SHAPE),
    "huber": (params_of("mlp-regressor")(loss="huber"), SHAPE),
    "a quantile": (params_of("mlp-regressor")(loss="quantile", quantile=0.8), SHAPE),
    "two classes": (params_of("mlp-classifier")(), SHAPE),
    "three classes": (params_of("mlp-classifier")(), Shape(2, (3,), (2,), (6,), 3)),
    "no hidden layer": (params_of("mlp-regressor")(), Shape(3, (), (), (), 1)),
}


def plainly(params, scores, target):
    """The loss of each row as textbooks have it, from (outputs, rows) of scores."""
    if params.goal == "log_loss" and len(scores) > 1:
        raised = np.exp(scores)
        return -np.log(raised[target, np.arange(len(target))] / raised.sum(axis=0))
    (score,) = scores
    if params.goal == "log_loss":
        likely = 1 / (1 + np.exp(-score))
        return -(target * np.log(likely) + (1 - target) * np.log(1 - likely))
    gap = target - score
    return {
        "squared_error": lambda: gap**2,
        "absolute_error": lambda: abs(gap),
        "huber": lambda: np.where(abs(gap) <= 1, gap**2 / 2, abs(gap) - 0.5),
        "quantile": lambda: np.where(gap > 0, 0.8 * gap, -0.2 * gap),
    }[params.goal]()


@pytest.mark.parametrize(("params", "shape"), LOSSES.values(), ids=LOSSES)
def test_slopes_are_what_the_loss_does_when_a_weight_moves_a_little(params, shape):
    one = learner(params, shape)
    inputs, target, weight = one.examples.inputs, one.examples.target, one.examples.weight
    random = np.random.default_rng(0)  # biases other than 0, or units stand where there is no slope
    start = {
        name: array + random.normal(size=array.shape) for name, array in one.plan.start.items()
    }

    def loss(weights):
        return np.mean(plainly(params, Network(shape, weights).scores(inputs), target) * weight)

    exact = {n: torch.tensor(array, requires_grad=True) for n, array in start.items()}
    numbers, codes, _, _ = one._train
    right = torch.from_numpy(target if target.dtype.kind == "f" else target.astype(np.int64))
    batch = [torch.from_numpy(inputs.numbers.T.copy()), codes, right, torch.from_numpy(weight)]
    told = one._losses(exact, batch, None).mean()
    assert told.item() == pytest.approx(loss(start), rel=1e-12)
    slopes = torch.autograd.grad(told, list(exact.values()))
    for (name, array), slope in zip(start.items(), slopes, strict=True):
        for place in random.choice(array.size, min(6, array.size), replace=False):
            moved = array.copy().reshape(-1)
            ends = []
            for step in (1e-6, -2e-6):
                moved[place] += step
                ends.append(loss({**start, name: moved.reshape(array.shape)}))
            found = slope.reshape(-1)[place].item()
            assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(found, rel=1e-4, abs=1e-7)
    assert numbers.dtype == torch.float32


def test_steps_are_those_of_torchs_own_optimiser():
    params = params_of("mlp-regressor")(learning_rate=0.03, weight_decay=0.2)
    begun = learner(params).begun()
    ours = {name: torch.tensor(one) for name, one in begun.weights.items()}
    theirs = {name: torch.tensor(one) for name, one in begun.weights.items()}
    adam = Adam(torch, ours, begun, params)
    groups = [
        {"params": [one for n, one in theirs.items() if not n.endswith("bias")]},
        {"params": [one for n, one in theirs.items() if n.endswith("bias")], "weight_decay": 0.0},
    ]
    reference = torch.optim.AdamW(groups, lr=0.03, weight_decay=0.2)
    random = np.random.default_rng(1)
    for _ in range(20):
        slopes = [
            torch.from_numpy(random.normal(size=tuple(one.shape)).astype(np.float32))
            for one in theirs.values()
        ]
        adam.step(slopes)
        for one, slope in zip(theirs.values(), slopes, strict=True):
            one.grad = slope
        reference.step()
    for name, one in theirs.items():
        np.testing.assert_allclose(ours[name].numpy(), one.numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_it_learns_as_much_as_scikit_learns_network_of_the_same_shape():
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_diabetes
    from sklearn.neural_network import MLPRegressor

    table = load_diabetes()
    inputs = table.data / table.data.std(axis=0)
    target = (table.target - table.target.mean()) / table.target.std()
    theirs = MLPRegressor(
        hidden_layer_sizes=(16, 8), batch_size=32, max_iter=40, random_state=0, tol=0.0, alpha=0
    )
    theirs.fit(inputs, target)
    least = 2 * theirs.loss_curve_[-1]  # it halves the squares
    names = tuple(table.feature_names)
    rows = pl.DataFrame({**dict(zip(names, table.data.T, strict=True)), "y": table.target})
    params = params_of("mlp-regressor")(hidden=(16, 8), batch_size=32, epochs=40, weight_decay=0.0)
    taught = Lesson(names, "y", rows, rows.clear(), Encode())
    ours = kind("mlp-regressor").fit(taught, params, seed=0, threads=1)
    lost = ours.course.epochs[-1].training / table.target.var()
    assert lost == pytest.approx(least, rel=0.15)


def test_it_tells_tumours_apart():
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    names = tuple(name.replace(" ", "_") for name in table.feature_names)
    rows = pl.DataFrame({**dict(zip(names, table.data.T, strict=True)), "benign": table.target})
    judges = pl.int_range(pl.len()) % 4 == 0
    train, later = rows.filter(~judges), rows.filter(judges)
    taught = Lesson(names, "benign", train, train.clear(), Encode())
    params = params_of("mlp-classifier")(epochs=30)
    said = kind("mlp-classifier").fit(taught, params, seed=0, threads=1).predict(later)
    assert (said.values == later["benign"]).mean() > 0.95


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


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=25, deadline=None)
@given(lines=st.lists(line, min_size=1, max_size=10))
def test_whatever_the_rows_each_is_answered_alone_as_among_others_and_without_numpy(target, lines):
    model, rows = fitted(target), pl.DataFrame(lines, schema=TYPES)
    together = model.predict(rows)
    assert together.values.null_count() == 0
    alone = [model.predict(rows[place]) for place in range(rows.height)]
    assert [one.values[0] for one in alone] == together.values.to_list()
    plain = rows_of(model.header.kind, model.save())
    cells = rows.select(plain.columns).rows()
    if together.probabilities is None:
        assert together.values.is_finite().all()
        assert [plain.value(row) for row in cells] == together.values.to_list()
        return
    shares = np.concatenate([one.probabilities for one in alone])
    assert shares.tobytes() == together.probabilities.tobytes()
    for row, label, chances in zip(cells, together.values, together.probabilities, strict=True):
        said, found = plain.label(row)
        assert said == label
        np.testing.assert_allclose(found, chances, rtol=1e-12, atol=1e-15)


def test_a_large_network_is_left_to_numpy():
    large = fit("y", hidden=(150, 150), epochs=1)
    assert rows_of("mlp-regressor", large.save()) is None
    assert rows_of("mlp-regressor", fitted("y").save()) is not None
    complete = frame().with_columns(b=pl.col("a"))
    refusing = fit("y", train=complete, epochs=1, encode={"missing": "fail"})
    assert rows_of("mlp-regressor", refusing.save()) is None


@pytest.mark.parametrize("target", TARGETS)
def test_no_rows_get_no_answers(target):
    said = fitted(target).predict(frame().clear())
    assert said.values.len() == 0
    if target != "y":
        assert said.probabilities.shape == (0, len(said.classes))


def test_what_training_never_saw_is_what_its_rows_were_on_average():
    model, train = fitted("y"), frame()
    table = model.network.weights["embedding.0"].astype(np.float64)
    levels = sorted(TOWNS)
    counts = [train.filter(pl.col("town") == town).height for town in levels]
    average = np.array(counts) @ table[:-1] / train.height
    np.testing.assert_allclose(table[-1], average, rtol=1e-5, atol=1e-6)
    strange = train.with_columns(town=pl.lit("Rome"))
    gone = train.with_columns(town=pl.lit(None, pl.String))
    assert bits(model.predict(strange)) == bits(model.predict(gone))


def test_a_level_that_is_missing_in_training_is_one_of_its_own():
    hole = pl.when(pl.col("y") < 2).then(pl.col("town"))
    train = frame().with_columns(town=hole)
    model = fit("y", train=train, epochs=40)
    gone = model.predict(train.with_columns(town=pl.lit(None, pl.String))).values.mean()
    new = model.predict(train.with_columns(town=pl.lit("Rome"))).values.mean()
    assert gone > new + 0.5


@pytest.mark.parametrize("quantile", [0.1, 0.9])
def test_a_quantile_has_its_share_of_the_rows_below_it(quantile):
    model = fit("y", train=frame(3000, seed=3), loss="quantile", quantile=quantile)
    later = frame(3000, seed=4)
    below = (later["y"] < model.predict(later).values).mean()
    assert below == pytest.approx(quantile, abs=0.08)


def test_losses_that_mind_far_values_less_are_led_astray_less():
    far = pl.when(pl.int_range(pl.len()) % 20 == 0).then(1000.0).otherwise(pl.col("y"))
    rows = frame(1500).with_columns(y=far)
    error = {
        loss: (fit("y", train=rows, loss=loss).predict(frame()).values - frame()["y"]).abs().mean()
        for loss in ("absolute_error", "huber", "squared_error")
    }
    assert error["absolute_error"] < error["huber"] < error["squared_error"]


def test_balanced_classes_count_the_same():
    train, later = frame(1500), frame(1500, seed=9)
    found = {
        weight: fit("rare", train=train, class_weight=weight).predict(later)
        for weight in ("none", "balanced")
    }
    share = {weight: said.probabilities[:, 1].mean() for weight, said in found.items()}
    assert share["none"] == pytest.approx(later["rare"].mean(), abs=0.05)
    assert share["balanced"] > share["none"] + 0.02


@pytest.mark.parametrize("target", TARGETS)
def test_validation_rows_end_the_training_and_are_not_learned_from(target):
    most = {"epochs": 60, "learning_rate": 0.03}
    judges = frame(300, seed=11)
    stopped = fit(target, validation=judges, patience=3, **most)
    epochs = stopped.course.epochs
    assert len(epochs) < 60
    best = min(epochs, key=lambda epoch: epoch.validation)
    assert stopped.course.kept == best.epoch == len(epochs) - 3
    same = fit(target, **{**most, "epochs": stopped.course.kept})
    assert same.save()[WEIGHTS] == stopped.save()[WEIGHTS]
    said = stopped.predict(judges)
    if target == "y":
        lost = ((said.values - judges["y"]) ** 2).mean()
    else:
        places = [said.classes.index(label) for label in judges[target]]
        lost = -np.log(said.probabilities[np.arange(300), places]).mean()
    assert best.validation == pytest.approx(lost, rel=1e-4)


def test_without_validation_rows_every_epoch_is_run():
    epochs = fitted("y").course.epochs
    assert [one.epoch for one in epochs] == [*range(1, 13)]
    assert {one.validation for one in epochs} == {None}
    assert epochs[-1].training < epochs[0].training


def test_validation_rows_of_a_class_that_training_never_saw_are_left_out():
    train = frame().filter(pl.col("label") != "top")
    judges = frame(300, seed=11)
    known = judges.filter(pl.col("label") != "top")
    with_others = fit("label", train=train, validation=judges)
    assert with_others.save() == fit("label", train=train, validation=known).save()
    only = fit("label", train=train, validation=judges.filter(pl.col("label") == "top"))
    assert only.save() == fit("label", train=train).save()


def test_units_that_are_left_out_make_it_learn_less_by_heart():
    by_heart = fit("y", train=frame(60), epochs=150).course.epochs[-1].training
    thinned = fit("y", train=frame(60), epochs=150, dropout=0.5).course.epochs[-1].training
    assert thinned > 2 * by_heart


def test_weights_shrink_as_far_as_they_are_told_to():
    sizes = [
        np.abs(fit("y", weight_decay=decay).network.weights["layer.0.weight"]).sum()
        for decay in (0.0, 1.0, 10.0)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_columns_without_a_level_or_without_a_number_still_learn():
    nothing = frame().with_columns(town=pl.lit(None, pl.String), b=pl.lit(None, pl.Float64))
    assert fit("y", train=nothing).predict(frame()).values.is_finite().all()
    train = frame()[["town", "y"]]
    taught = Lesson(("town",), "y", train, train.clear(), Encode())
    only = kind("mlp-regressor").fit(taught, params_of("mlp-regressor")(), seed=1, threads=1)
    assert only.predict(train).values.is_finite().all()


def test_what_may_not_be_missing_is_refused():
    with pytest.raises(UserError, match=r"`b` has .* no finite number"):
        fit("y", encode={"missing": "fail"})


def test_numbers_are_scaled_unless_the_file_says_no():
    scaled, plain = fitted("y"), fit("y", encode={"scale": False})
    assert (scaled.header.scale, plain.header.scale) == (True, False)
    assert bits(scaled.predict(frame())) != bits(plain.predict(frame()))


def test_the_same_bytes_come_out_whatever_went_before_and_nothing_is_changed_by_it():
    torch.manual_seed(99)
    before = torch.get_rng_state(), torch.get_num_threads()
    few = {"dropout": 0.2, "epochs": 2}
    made = [fit("label", threads=threads, **few).save() for threads in (1, 2, 2, 1)]
    assert made[1] == made[2]
    assert made[0] == made[3] != fit("label", seed=2, **few).save()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
    assert not torch.are_deterministic_algorithms_enabled()


WRONG = {
    "loss": ({"loss": "hinge"}, "squared_error"),
    "a quantile without its number": ({"loss": "quantile"}, "expected `quantile` beside it"),
    "a number without its quantile": ({"quantile": 0.5}, 'expected loss = "quantile" beside it'),
    "learning_rate": ({"learning_rate": 0}, "greater than 0"),
    "hidden": ({"hidden": [64, 0]}, "greater than or equal to 1"),
    "dropout": ({"dropout": 1.0}, "less than 1"),
    "patience": ({"patience": "soon"}, "valid integer"),
}


@pytest.mark.parametrize(("params", "words"), WRONG.values(), ids=WRONG)
def test_wrong_params_are_named_with_what_was_expected(params, words):
    with pytest.raises(ValidationError, match=words):
        fit("y", **params)


def test_what_cannot_be_learned_is_refused_in_words():
    with pytest.raises(DataRefused, match="expected two classes"):
        fit("yes", train=frame().filter(pl.col("yes")))
    with pytest.raises(UserError, match="holds numbers whose squares are beyond any float"):
        fit("y", train=frame().with_columns(y=pl.col("y") * 1e200))
    wild = frame().with_columns(b=pl.col("a") * 1e6)
    with pytest.raises(UserError, match="the loss became infinite in epoch 1"):
        fit("y", train=wild, encode={"scale": False}, learning_rate=1.0, hidden=(256,) * 9)


def test_a_target_of_nothing_but_one_number_is_answered():
    said = fit("y", train=frame().with_columns(y=pl.lit(2.5))).predict(frame()).values
    assert said.to_list() == pytest.approx([2.5] * frame().height, abs=0.5)


def test_an_update_goes_on_from_the_weights_and_keeps_them_where_it_makes_nothing_better():
    judges = frame(300, seed=11)
    first = fit("y", train=frame(2000, seed=3), epochs=30)
    noise = frame(200, seed=5).with_columns(y=pl.col("y").shuffle(seed=1))
    second = fit("y", train=noise, warm=first, validation=judges, patience=2)
    assert second.course.epochs[0].epoch == 0
    assert second.course.epochs[0].training is None
    assert second.course.kept == 0
    assert second.save()[WEIGHTS] == first.save()[WEIGHTS]
    third = fit("y", train=frame(2000, seed=6), warm=first, validation=judges)
    assert third.course.kept > 0
    assert third.header.encoding == first.header.encoding
    assert third.header.target == first.header.target


def test_an_update_learns_sooner_than_a_beginning():
    first = fit("y", train=frame(2000, seed=3), epochs=30)
    new = frame(2000, seed=6)
    on = fit("y", train=new, warm=first, epochs=1).course.epochs[-1].training
    afresh = fit("y", train=new, epochs=1).course.epochs[-1].training
    assert on < afresh / 2


def test_a_network_of_another_shape_is_no_place_to_go_on_from():
    with pytest.raises(UserError, match=r"params.hidden asks for \[4\], and .* has \[16, 8\]"):
        fit("y", warm=fitted("y"), hidden=(4,))
    with pytest.raises(UserError, match=r"params.embedding asks for \[2, 2\]"):
        fit("y", warm=fitted("y"), embedding=2)


def test_what_show_tells_is_what_it_is():
    told = fitted("label").describe()
    assert told["kind"] == "mlp-classifier"
    assert told["loss"] == "log_loss"
    assert told["hidden"] == [16, 8]
    assert told["embedding"] == {"town": 3, "code": 11}
    below = 2 + 3 + 11
    layers = (below + 1) * 16 + 17 * 8 + 9 * 3
    assert told["weights"] == layers + 5 * 3 + 31 * 11
    assert len(told["epochs"]) == 12


def test_damaged_files_are_corrupt():
    model = fitted("yes")
    files = model.save()
    for name, data in files.items():
        for damaged in (data[: len(data) // 2], data[:-20], b"", b"x" * 50):
            with pytest.raises(Corrupt):
                kind("mlp-classifier").load({**files, name: damaged})
        with pytest.raises(Corrupt):
            kind("mlp-classifier").load({n: d for n, d in files.items() if n != name})
    with pytest.raises(Corrupt, match="these are not the weights that"):
        kind("mlp-classifier").load({**files, WEIGHTS: fitted("label").save()[WEIGHTS]})
    with pytest.raises(Corrupt, match="it says `mlp-classifier`"):
        kind("mlp-regressor").load(files)
    assert set(files) == {MODEL, WEIGHTS, EPOCHS}


ABSENT = """
import pickle, sys
sys.modules[{package!r}] = None
import polars as pl
from keepfit.config.schema.rows import Encode
from keepfit.errors import NotInstalled
from keepfit.kinds import kind, params_of
from keepfit.kinds.base import Lesson
files, rows = pickle.loads(sys.stdin.buffer.read())
lesson = Lesson(("a",), "y", rows, rows, Encode())
own = kind("mlp-regressor")
for act in (
    lambda: own.fit(lesson, params_of("mlp-regressor")(), seed=1, threads=1),
    lambda: own.load(files).predict(rows),
):
    try:
        print(act().values.to_list() == rows["said"].to_list())
    except NotInstalled as error:
        print(error.hint)
"""


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("torch", ["pip install 'keepfit[torch]'", "True"]),
        ("safetensors", ["pip install 'keepfit[torch]'", "pip install 'keepfit[safetensors]'"]),
    ],
)
def test_it_answers_without_torch_and_names_the_command_for_what_it_needs(package, told):
    model, rows = fitted("y"), frame(50)
    asked = pickle.dumps((model.save(), rows.with_columns(said=model.predict(rows).values)))
    command = [sys.executable, "-c", ABSENT.format(package=package)]
    if package == "safetensors":
        command[-1] = command[-1].replace("sys.modules", "sys.modules['torch'] = sys.modules", 1)
    done = subprocess.run(command, input=asked, capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == told
