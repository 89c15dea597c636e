"""The life of a model whose kind is a class of the project."""

import json
import shutil

import pytest

from keepfit.errors import UserError
from keepfit.lifecycle.check import check_model
from keepfit.lifecycle.rebuilding.rebuild import Scene, rebuild

TYPICAL = '''\
"""The median price of a district, by the helper beside this file."""

import json
from dataclasses import dataclass

import polars as pl

from middles import middles


@dataclass
class Settings:
    by: str
    least: int = 1


@dataclass(frozen=True)
class Typical:
    by: str
    overall: float
    medians: dict

    task = "regression"
    params = Settings

    @classmethod
    def fit(cls, lesson, params, *, seed):
        rows, target = lesson.train, lesson.target
        return cls(params.by, rows[target].median(), middles(rows, params.by, target))

    def predict(self, rows):
        found = rows[self.by].replace_strict(self.medians, default=None, return_dtype=pl.Float64)
        return found.fill_null(self.overall)

    def save(self):
        return {"typical.json": json.dumps(vars(self), sort_keys=True).encode()}

    @classmethod
    def load(cls, files):
        return cls(**json.loads(files["typical.json"]))
'''
MIDDLES = """\
import polars as pl


def middles(rows, by, target):
    found = rows.drop_nulls(by).group_by(by).agg(pl.median(target)).sort(by)
    return dict(found.iter_rows())
"""


@pytest.fixture
def own(life):
    """The houses, priced by a class of the project."""
    life.change('kind     = "ridge"', 'kind     = "python"')
    life.change("alpha = 0.1", 'class = "typical:Typical"\nby = "district"')
    life.change('rules  = [{ metric = "mae", max = 20000 }]', "")
    life.code("typical", TYPICAL)
    life.code("middles", MIDDLES)
    return life


def rebuilt(life):
    version = life.state.newest
    return rebuild(version, life.name, life.ports(), Scene(life.root, any_environment=True))


def test_it_is_trained_judged_published_and_rebuilt_like_any_other(own):
    result = own.first_champion()
    assert result.judgement.verdict.outcome in ("pass", "warn")
    manifest = own.open("production").manifest
    assert set(manifest.candidate.files) == {"python.json", "typical.json"}
    assert set(manifest.recipe.code.files) == {"typical.py", "middles.py"}
    assert rebuilt(own).outcome == "IDENTICAL"


def test_nothing_new_is_fresh_and_changed_code_makes_it_due(own):
    own.first_champion()
    assert own.plan().status == "fresh"
    own.code("middles", MIDDLES.replace("pl.median(target)", "pl.mean(target)"))
    planned = own.plan()
    assert (planned.status, planned.bump) == ("due", "minor")
    assert planned.reasons == ("code changed: middles.py (minor version)",)


def test_a_champion_answers_by_the_code_that_it_was_made_with(own):
    own.first_champion()
    rows = own.open("production").predictor
    before = json.loads(rows.fitted.files["typical.json"])
    own.code("typical", TYPICAL.replace("fill_null(self.overall)", "fill_null(0.0) * 2"))
    opened = own.open("production")
    assert opened.predictor.fitted.model.medians == before["medians"]
    assert opened.predictor.fitted.own.home != own.root
    own.change('by = "district"', 'by = "district"\nleast = 2')
    own.retrained()  # judged against a champion whose code is another by now
    assert rebuilt(own).outcome == "IDENTICAL"


def test_the_code_travels_with_the_version(own, tmp_path_factory):
    own.first_champion()
    for file in ("typical.py", "middles.py"):
        (own.root / file).unlink()
    shutil.rmtree(own.root / ".keepfit" / "code", ignore_errors=True)
    assert own.open("production").predictor.fitted.model.by == "district"


def problems(life):
    return [f"{one.key} {one.message}" for one in check_model(life.project, life.name)]


def test_check_tells_what_is_wrong_with_the_class_and_with_each_param(own):
    assert problems(own) == []
    own.change('by = "district"', 'bye = "district"\nleast = "few"')
    told = problems(own)
    assert "model.price.params.bye is not a known key. Did you mean `by`?" in told
    assert "model.price.params.least is 'few'; expected a whole number" in told
    own.code("typical", TYPICAL.replace("def save(", "def store("))
    assert problems(own) == [
        "model.price.params.class typical:Typical has no `save`; expected save(self)"
    ]
    own.code("typical", TYPICAL + "\n1 / 0\n")
    line = TYPICAL.count("\n") + 2
    assert problems(own) == [
        f"model.price.params.class typical.py:{line}: ZeroDivisionError: division by zero"
    ]
    own.change('class = "typical:Typical"', 'class = "typical:Tipical"')
    own.code("typical", TYPICAL)
    (told,) = problems(own)
    assert "typical.py has no class `Tipical`. Did you mean `Typical`?" in told


BROKEN = {
    "chance": (
        "",
        ("vars(self), sort_keys=True", "{**vars(self), 'at': time.perf_counter()}, sort_keys=True"),
        "typical:Typical was fitted twice on the same rows and gave other bytes: typical.json: at",
    ),
    "a pickle": (
        "",
        ("json.dumps(vars(self), sort_keys=True).encode()", "pickle.dumps(self.overall)"),
        "typical:Typical saved typical.json, which is a pickle; expected data only",
    ),
    "other rows": (
        "",
        ("found.fill_null(self.overall)", "found.fill_null(0.0) + rows.height"),
        "typical:Typical answers training row 0 with",
    ),
    "nulls": (
        "",
        ("found.fill_null(self.overall)", "[self.medians[name] for name in rows[self.by]]"),
        "Typical.predict raised KeyError at typical.py:33: None; it was asked about rows whose",
    ),
    "unseen": (
        "",
        ("found.fill_null(self.overall)", "[self.medians[n or 'hills'] for n in rows[self.by]]"),
        "it was asked about rows whose `district` is a text that training never saw",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_told_at_training(own, what):
    _, (old, new), told = BROKEN[what]
    assert TYPICAL.count(old) == 1
    text = TYPICAL.replace(old, new).replace("import json\n", "import json, pickle, time\n")
    if what == "chance":
        text = text.replace(
            'return cls(**json.loads(files["typical.json"]))',
            (
                "kept = json.loads(files['typical.json'])\n"
                "        return cls(kept['by'], kept['overall'], kept['medians'])"
            ),
        )
    if what == "a pickle":
        text = text.replace('**json.loads(files["typical.json"])', "'district', 1.0, {}")
    own.code("typical", text)
    with pytest.raises(UserError) as raised:
        own.run()
    assert told in str(raised.value)


def test_a_date_may_be_missing_like_any_other_value(own):
    own.change('"district", "garden"]', '"district", "garden", "sold"]')
    own.change(
        "[model.price.data]", '[model.price.data]\nderive = { sold = "CAST(sold_on AS DATE)" }'
    )
    own.code(
        "typical",
        TYPICAL.replace("return found", "[day.month for day in rows['sold']]; return found"),
    )
    with pytest.raises(UserError, match="'month'; it was asked about rows whose `sold` is missing"):
        own.run()


def test_what_chance_hangs_on_is_named_with_its_line(own):
    text = TYPICAL.replace("import json\n", "import json, os\n")
    own.code("typical", text.replace("rows[target].median()", "float(os.urandom(1)[0])"))
    with pytest.raises(UserError, match=r"typical.py:29 asks for chance \(posix.urandom\)"):
        own.run()


def test_what_its_code_raises_is_told_with_its_line(own):
    own.code("middles", MIDDLES.replace("drop_nulls(by)", "drop_nulls('nowhere')"))
    with pytest.raises(UserError, match=r"Typical\.fit raised ColumnNotFoundError at middles.py:5"):
        own.run()
