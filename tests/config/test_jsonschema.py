from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest

from keepfit.config.jsonschema import json_schema
from keepfit.kinds import KINDS, params_of

GOOD = """\
[project]
name = "taxi"
[profile.prod]
store = "s3://x"
model.fare.threads = 2
[model.fare]
kind = "ridge"
target = "fare"
features = ["a"]
params.alpha = 2
gate.rules = [ { metric = "mae", max = 2.5 } ]
split.holdout = "1 month"
promote.canary = "auto"
metric.m = { function = "m:m", better = "higher" }
[model.fare.data]
source = { a = "a.csv", b = { sql = "select 1", uri = "x" } }
query = "select 1"
"""


@pytest.fixture(scope="module")
def schema():
    return json_schema({kind: params_of(kind) for kind in KINDS})


@pytest.fixture(scope="module")
def errors(schema):
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: [error.message for error in validator.iter_errors(tomllib.loads(text))]


def test_the_schema_is_one_and_plain_json(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_a_good_file_is_valid_by_schema_and_by_loading(folder, errors):
    assert errors(GOOD) == []
    assert folder.write(GOOD.replace('promote.canary = "auto"\n', "")).load().name == "taxi"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "taxi"', 'nam = "taxi"'),
        ('store = "s3://x"', "store = 3"),
        ("threads = 2", 'threads = "x"'),
        ('kind = "ridge"', 'kind = "rigde"'),
        ("alpha = 2", "alhpa = 2"),
        ("alpha = 2", 'alpha = "x"'),
        ('target = "fare"', ""),
        ("max = 2.5", "maximum = 2.5"),
        ('"1 month"', "1.5"),
        ('canary = "auto"', 'canary = "maybe"'),
        ("source = ", "sources = "),
        ("[model.fare]", "[modle.fare]"),
    ],
)
def test_a_mistake_is_seen_by_schema(errors, old, new):
    assert errors(GOOD.replace(old, new))


def test_defaults_and_profiles_need_not_be_complete(errors):
    text = '[project]\nname = "x"\n[defaults]\nkind = "ridge"\ndata.time = "t"\n[model.a]\n'
    assert errors(text) == []
    assert errors(text.replace("[defaults]", "[model.b]"))


def test_every_key_tells_what_it_is_for(schema):
    untold = [
        f"{table}.{key}"
        for table in ("ProjectTable", "ModelSpec", "Data", "Split", "Gate", "Rule", "Schedule")
        for key, entry in schema["$defs"][table]["properties"].items()
        if "description" not in entry and "$ref" not in entry
    ]
    assert untold == []


def test_each_kind_says_what_its_params_are(schema):
    cases = schema["$defs"]["ModelSpec"]["allOf"]
    assert [case["if"]["properties"]["kind"]["const"] for case in cases] == sorted(KINDS)
