"""A class of the project's own: what it may look like, what it gets, and what is said of it."""

import json

import numpy as np
import polars as pl
import pytest

from keepfit.errors import NoNumber, UserError
from keepfit.kinds import kind, params_of

MEAN = '''
import json


class Mean:
    """The mean of the target."""

    task = "regression"

    def __init__(self, mean):
        self.mean = mean

    @classmethod
    def fit(cls, lesson, params):
        return cls(lesson.train[lesson.target].mean())

    def predict(self, rows):
        return [self.mean] * rows.height

    def save(self):
        return {"mean.json": json.dumps(self.mean).encode()}

    @classmethod
    def load(cls, files):
        return cls(json.loads(files["mean.json"]))
'''
ROWS = pl.DataFrame({"x": [1, 2, None, 4], "g": ["a", "b", "a", None], "y": [1.0, 2.0, 3.0, 4.0]})


@pytest.fixture
def learn(tmp_path, lesson):
    """Fits the class `Mean` after a change of its text, and loads what it saved."""

    def fit(*changes, rows=ROWS, params=None, encode=None, **world):
        text = MEAN
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / "mine.py").write_text(text)
        own, name = kind("python", tmp_path), {"class": "mine:Mean"}
        wanted = params_of("python")(**name, **(params or {}))
        return own.fit(lesson(rows, **(encode or {})), wanted, **{"seed": 7, "threads": 1, **world})

    return fit


def test_a_class_with_four_methods_is_a_kind(learn):
    fitted = learn()
    assert fitted.predict(ROWS).values.to_list() == [2.5] * 4
    assert set(fitted.save()) == {"python.json", "mean.json"}
    assert fitted.describe() == {"class": "mine:Mean", "files": {"mean.json": 3}}


def test_it_tells_of_itself_what_it_likes(learn):
    method = "def describe(self):\n        return {'mean': self.mean}\n\n    def predict("
    assert learn(("def predict(", method)).describe()["mean"] == 2.5


def test_without_the_code_a_model_can_be_told_of_but_not_asked(learn):
    told = kind("python").load(learn().save())
    assert told.describe()["class"] == "mine:Mean"
    with pytest.raises(UserError, match="mine:Mean: the code of this model is not at hand"):
        told.predict(ROWS)


def test_it_gets_numbers_as_finite_floats_or_null_and_labels_as_text(learn, tmp_path):
    seen = tmp_path / "seen.json"
    told = "json.dumps([list(map(str, rows.dtypes)), rows.rows()])"
    look = f"__import__('pathlib').Path({str(seen)!r}).write_text({told})"
    fitted = learn(("return [self.mean]", f"{look}\n        return [self.mean]"))
    strange = pl.DataFrame({"x": [float("inf"), 2.0], "g": ["z", None]})
    fitted.predict(strange.cast({"g": pl.Categorical}))
    assert json.loads(seen.read_text()) == [["Float64", "String"], [[None, "z"], [2.0, None]]]


def test_a_missing_number_is_refused_before_the_class_sees_it_where_the_file_says_so(learn):
    rows = ROWS.fill_null(0)
    fitted = learn(rows=rows, encode={"missing": "fail"})
    assert fitted.predict(rows).values.len() == 4
    with pytest.raises(NoNumber, match="column `x` has 1 row with no finite number"):
        fitted.predict(ROWS)


def test_chance_is_at_the_seed(learn):
    chance = ("return cls(lesson.train[lesson.target].mean())", "return cls(random.random())")
    late = ("import json\n\n\n", "import json\nimport random\n\n\n")
    assert learn(late, chance).save() == learn(late, chance).save()
    assert learn(late, chance).save() != learn(late, chance, seed=8).save()


def test_it_is_given_the_seed_and_the_threads_if_it_asks(learn):
    asks = ("def fit(cls, lesson, params)", "def fit(cls, lesson, params, *, seed, threads)")
    use = ("return cls(lesson.train[lesson.target].mean())", "return cls(seed * 10.0 + threads)")
    assert learn(asks, use).predict(ROWS).values[0] == 71.0


BAD_SHAPES = {
    "mine:Mean has no `task`; expected 'regression' or 'classification'": (
        '    task = "regression"\n',
        "",
    ),
    "mine:Mean has task = 'ranking'; expected": ('"regression"', '"ranking"'),
    "mine:Mean has no `save`; expected save\\(self\\)": ("def save(", "def store("),
    r"mine.py:13: Mean.fit is a method of a model; expected @classmethod above fit\(cls, lesson": (
        "@classmethod\n    def fit(cls,",
        "def fit(self,",
    ),
    r"Mean.predict\(self\) cannot be called; expected predict\(self, rows\)": (
        "def predict(self, rows)",
        "def predict(self)",
    ),
    r"mine.py:13: Mean.fit gave float, which has no `predict`; expected a Mean": (
        "return cls(lesson.train[lesson.target].mean())",
        "return 2.5",
    ),
    r"mine.py:20: Mean.save gave list; expected a dict of name: bytes": (
        'return {"mean.json": json.dumps(self.mean).encode()}',
        "return [1]",
    ),
    r"Mean.save gave str for mean.json; expected bytes": (
        "json.dumps(self.mean).encode()",
        "json.dumps(self.mean)",
    ),
    r"Mean.save names a file '../mean.json'; expected a plain name": (
        '{"mean.json": json',
        '{"../mean.json": json',
    ),
}


@pytest.mark.parametrize("told", BAD_SHAPES)
def test_a_class_that_lacks_something_is_told_what(learn, told):
    with pytest.raises(UserError, match=told):
        learn(BAD_SHAPES[told])


BAD_ANSWERS = {
    "[self.mean]": r"mine.py:17: Mean.predict gave list of shape \(1,\); expected 4 numbers",
    "[float('nan')] * rows.height": "gave nan for row 0 of 4, and 4 such in all; expected a finite",
    "['a'] * rows.height": "gave list; expected numbers",
    "None": "gave NoneType",
}


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_an_answer_that_is_none_is_refused_with_the_place(learn, answer):
    with pytest.raises(UserError, match=BAD_ANSWERS[answer]):
        learn(("[self.mean] * rows.height", answer))


RAISES = {
    "fit": ("return cls(lesson", "1 / 0\n        return cls(lesson"),
    "predict": ("return [self.mean]", "1 / 0\n        return [self.mean]"),
    "save": ("return {", "1 / 0\n        return {"),
    "load": ("return cls(json", "1 / 0\n        return cls(json"),
}


@pytest.mark.parametrize("method", RAISES)
def test_what_it_raises_is_told_with_its_own_line(learn, tmp_path, method):
    with pytest.raises(UserError) as raised:
        learn(RAISES[method])
    lines = (tmp_path / "mine.py").read_text().splitlines()
    place = f"mine.py:{lines.index('        1 / 0') + 1}"
    assert str(raised.value) == (
        f"Mean.{method} raised ZeroDivisionError at {place}: division by zero"
    )
    assert raised.value.hint == f"correct {place}"


TYPED = {
    "dataclass": "@dataclasses.dataclass\nclass P:\n    by: str\n    alpha: float = 1.0\n",
    "pydantic": "class P(pydantic.BaseModel):\n    by: str\n    alpha: float = 1.0\n",
    "TypedDict": "class P(typing.TypedDict):\n    by: str\n    alpha: typing.NotRequired[float]\n",
    "constructor": "class P:\n    def __init__(self, by: str, alpha: float = 1.0):\n"
    "        self.by = by\n",
}


@pytest.mark.parametrize("how", TYPED)
def test_its_params_are_checked_by_what_it_says_of_them(learn, how):
    params = f"import dataclasses, json, pydantic, typing\n\n{TYPED[how]}\n\n"
    said = ("import json\n\n\n", params), ('"regression"\n', '"regression"\n    params = P\n')
    learn(*said, params={"by": "g"})
    learn(*said, params={"by": "g", "alpha": 2})
    with pytest.raises(UserError, match=r"params\.alhpa is not a known key\. Did you mean `alpha`"):
        learn(*said, params={"by": "g", "alhpa": 2.0})
    with pytest.raises(UserError, match=r"params\.alpha is 'much'; expected a number"):
        learn(*said, params={"by": "g", "alpha": "much"})
    with pytest.raises(UserError, match="params is incomplete; expected `by`"):
        learn(*said, params={})


def test_without_a_say_params_are_a_dict(learn):
    use = ("return cls(lesson.train[lesson.target].mean())", "return cls(params['level'])")
    assert learn(use, params={"level": 3.5}).predict(ROWS).values[0] == 3.5


def test_products_of_matrices_get_the_same_bits_for_a_row_alone(learn):
    product = "(rows.select('x', 'z', 'w').to_numpy() @ np.array([0.1, 0.7, 1 / 3]))"
    late = ("import json\n\n\n", "import json\nimport numpy as np\n\n\n")
    random = np.random.default_rng(1)
    rows = pl.DataFrame({name: random.normal(size=999) for name in "xzwy"})
    fitted = learn(late, ("[self.mean] * rows.height", product), rows=rows)
    many = fitted.predict(rows).values.to_list()
    assert [fitted.predict(rows[at : at + 1]).values[0] for at in range(50)] == many[:50]
    assert fitted.predict(rows.head(0)).values.dtype == pl.Float64


CLASSES = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": ["no", "yes", "no", "yes"]})
TASK = ('"regression"', '"classification"')
FIT = ("return cls(lesson.train[lesson.target].mean())", "return cls(0)")


def test_a_classifier_may_answer_with_labels_or_with_probabilities(learn):
    labels = learn(TASK, FIT, ("[self.mean] *", "['yes'] *"), rows=CLASSES).predict(CLASSES)
    assert (labels.values.to_list(), labels.probabilities) == (["yes"] * 4, None)
    chances = learn(TASK, FIT, ("[self.mean] *", "[[0.7, 0.3]] *"), rows=CLASSES)
    assert chances.predict(CLASSES).values.to_list() == ["no"] * 4
    assert chances.predict(CLASSES.head(0)).probabilities.shape == (0, 2)
    for answer, told in {
        "['maybe'] *": "gave 'maybe'; expected one of no, yes",
        "[[0.7, 0.7]] *": "gave what are no probabilities",
        "[[0.2, 0.3, 0.5]] *": r"gave list of shape \(4, 3\); expected \(4, 2\)",
        "[[0.5], [0.5, 0.5]] *": "Mean.predict gave rows of different lengths",
        "None and": "gave NoneType; expected 4 labels, one a row",
        "1 *": "gave int; expected 4 labels, one a row",
    }.items():
        with pytest.raises(UserError, match=told):
            learn(TASK, FIT, ("[self.mean] *", answer), rows=CLASSES)


def test_labels_that_numpy_made_floats_are_the_labels_all_the_same(learn):
    rows = CLASSES.with_columns(y=pl.Series([3, 5, 3, 5]))
    labels = learn(TASK, FIT, ("[self.mean] *", "[5.0] *"), rows=rows).predict(rows)
    assert labels.values.to_list() == [5] * 4
    assert labels.values.dtype == pl.Int64


WARM = (
    ("def fit(cls, lesson, params)", "def fit(cls, lesson, params, *, warm)"),
    (
        "return cls(lesson.train[lesson.target].mean())",
        "return cls(lesson.train[lesson.target].mean() + (warm.mean if warm else 0.0))",
    ),
)


def test_one_that_asks_for_it_goes_on_from_a_model(learn, tmp_path):
    first = learn(*WARM)
    own, params = kind("python", tmp_path), params_of("python")(**{"class": "mine:Mean"})
    assert own.no_update(params) is None
    assert learn(*WARM, warm=first).predict(ROWS).values[0] == 5.0


def test_one_that_does_not_says_so(learn, tmp_path):
    learn()
    own, params = kind("python", tmp_path), params_of("python")(**{"class": "mine:Mean"})
    assert own.no_update(params) == "for the fit of mine:Mean does not ask for `warm`"
