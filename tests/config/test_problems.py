"""Everything that can be wrong with a file, and the words for it."""

from __future__ import annotations

import pytest

MODEL = "model.fare"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("threds = 4", "threds is not a known key. Did you mean `threads`?"),
        ("threads = 'abc'", "threads is 'abc'; expected a whole number"),
        ("threads = 1.5", "threads is 1.5; expected a whole number"),
        ("threads = 0", "threads is 0; expected a number of at least 1"),
        ("owner = 5", "owner is 5; expected a text"),
        ("name = 'tips'", "name is 'tips'; expected 'fare', as the table is called"),
        ("gate.min_gian = 1", "gate.min_gian is not a known key. Did you mean `min_gain`?"),
        ("gate.confidence = 2", "gate.confidence is 2; expected a number below 1"),
        (
            "gate.metric = 'mea'",
            "gate.metric is 'mea'; expected the name of a metric. Did you mean `mae`?",
        ),
        ("gate.metrics = ['mae', 'x']", "gate.metrics[1] is 'x'; expected the name of a metric."),
        (
            "gate.rules = [{metric='x', max=1}]",
            "gate.rules[0].metric is 'x'; expected the name of",
        ),
        (
            "gate.rules = [{metric='mae'}]",
            "gate.rules[0] binds nothing; expected min, max, max_drop or min_gain",
        ),
        ("gate.rules = [{max=1}]", "gate.rules[0] is incomplete; expected `metric`: its name"),
        ("gate.rules = [{metric='mae', maxx=1}]", "gate.rules[0].maxx is not a known key. Did you"),
        (
            "gate.rules = [{metric='mae', max_drop=1, against='1.4'}]",
            "gate.rules[0].against is '1.4'; expected 'champion', 'baseline', or a version",
        ),
        (
            "gate.rules = [{metric='mae', max=1, against='baseline'}]",
            "gate.rules[0] has `against`; expected max_drop or min_gain beside it",
        ),
        (
            "gate.rules = [{metric='mae', max_drop=-1}]",
            "gate.rules[0].max_drop is -1; expected a number of at least 0",
        ),
        (
            "gate.severity = {town = 'warn'}",
            "gate has a severity of `town`, which is none of its slices",
        ),
        ("gate.baseline = 'mean'", "gate.baseline is 'mean'; expected"),
        ("gate.baseline = {seasonal = 'x'}", "gate.baseline"),
        ("gate = 'strict'", "gate is 'strict'; expected a table"),
        ("split.holdout = 'abc'", "split.holdout is 'abc'; expected a duration such as '1 month',"),
        (
            "split.holdout = 1.5",
            "split.holdout is 1.5; expected a duration such as '1 month', or a number below 1",
        ),
        (
            "split.by = 'tiem'",
            "split.by is 'tiem'; expected 'time', 'random', 'group', 'column' or",
        ),
        ("split.group = 'id'", 'split has `group`; expected by = "group" beside it'),
        ("schedule.cron = '0 1'", "schedule.cron is '0 1'; expected five cron fields such as"),
        ("schedule.retrain = 'maybe'", "schedule.retrain is 'maybe'; expected true or false"),
        ("schedule.max_age = 3", "schedule.max_age is 3; expected a duration such as '1 month'"),
        ("checks.schema = 'x'", "checks.schema is 'x'; expected 'fail', 'warn' or 'note'"),
        ("checks.ranges = {a = [1]}", "checks.ranges.a is too short; expected a list of 2"),
        (
            "checks.severity = {nuls = 'warn'}",
            "checks.severity.nuls is not a known key; expected 'rows', 'nulls', 'ranges',",
        ),
        ("params.alpah = 1", "params.alpah is not a known key. Did you mean `alpha`?"),
        ("params.alpha = 'x'", "params.alpha is 'x'; expected a number"),
        ("params = 3", "params is 3; expected a table"),
        ("promote.prodction = 'auto'", "promote.prodction is not a known key. Did you mean `prod"),
        ("promote.aprovers = 2", "promote.aprovers is not a known key. Did you mean `approvers`?"),
        ("promote.valid_fr = '1 day'", "promote.valid_fr is not a known key. Did you mean `valid_"),
        ("promote.valid_for = 'long'", "promote.valid_for is 'long'; expected a duration such as"),
        ("promote.four_eyes = 'both'", "promote.four_eyes is 'both'; expected true or false"),
        ("promote.staging = 'yes'", "promote.staging is 'yes'; expected 'auto' or 'approval'"),
        (
            "metric.m = {better='up'}",
            "metric.m is incomplete; expected `function`: module:function",
        ),
        ("encode.missing = 'avg'", "encode.missing is 'avg'; expected 'mean', 'median', 'zero' or"),
        (f"owner = {['x' * 99]}", 'owner is ["' + "x" * 57 + "…; expected a text"),
    ],
)
def test_each_mistake_is_told_with_value_and_expectation(folder, sound, written, problem):
    folder.write(sound.replace('kind     = "ridge"', f'kind     = "ridge"\n{written}'))
    assert any(
        line.startswith(f"keepfit.toml:6: {MODEL}.{problem}") for line in folder.problems()
    ), folder.problems()


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("windw = '1 day'", "windw is not a known key. Did you mean `window`?"),
        ("transform = 'a.b'", "transform is 'a.b'; expected 'module:function', such as 'a:b'"),
        ("key = ['version']", "key has `version`, a column that predictions add; rename it"),
    ],
)
def test_mistakes_in_the_table_of_the_data_are_told_too(folder, sound, written, problem):
    folder.write(f"{sound}{written}\n")
    assert folder.problems() == [f"keepfit.toml:11: model.fare.data.{problem}"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("5", "is 5; expected a text, or a list, or a table"),
        ("['a', 5]", "[1] is 5; expected a text"),
        ("{ sql = 'select 1' }", "has `sql`; expected `uri` beside it, and nothing else"),
        ("{ sql = 'a', url = 'b' }", "has `sql`; expected `uri` beside it, and nothing else"),
        ("{ a = 5 }", ".a is 5; expected a text, or a list, or a table"),
    ],
)
def test_a_wrong_source_is_one_problem_although_there_are_many_ways_to_write_one(
    folder, sound, source, problem
):
    folder.write(sound.replace('"trips-*.parquet"', source))
    dot = "" if problem[0] in ".[" else " "
    assert folder.problems() == [f"keepfit.toml:10: model.fare.data.source{dot}{problem}"]


def test_a_misspelt_kind_is_guessed(folder, sound):
    folder.write(sound.replace('"ridge"', '"rigde"'))
    assert folder.problems() == [
        "keepfit.toml:5: model.fare.kind is 'rigde', which is no kind. Did you mean `ridge`?"
    ]


def test_a_kind_that_lacks_its_end_is_told_both(folder, sound):
    folder.write(sound.replace('"ridge"', '"lightgbm"'))
    (problem,) = folder.problems()
    assert problem.endswith("Did you mean `lightgbm-classifier` or `lightgbm-regressor`?")


def test_a_class_is_asked_for_where_one_is_expected(folder, sound):
    folder.write(sound.replace('"ridge"', '"python"\nparams = { class = "median.Median" }'))
    (problem,) = folder.problems()
    assert problem.endswith("expected 'module:Class', such as 'median:Median'")


def test_seconds_are_asked_for_where_a_span_was_written(folder, sound):
    folder.write(f'{sound}[model.fare.tune]\ntimeout = "2 minutes"\n')
    (problem,) = folder.problems()
    assert problem.endswith("timeout is '2 minutes'; expected a number of seconds, such as 120")


def test_a_series_that_is_no_list_is_the_only_problem_of_a_forecast(folder):
    folder.write(
        '[project]\nname = "shops"\n[model.demand]\nkind = "seasonal-naive"\ntarget = "sold"\n'
        'data = { source = "sales.csv", time = "day" }\n'
        'series = { id = "shop", frequency = "1 day", horizon = 7 }\n'
    )
    (problem,) = folder.problems()
    assert "model.demand.series.id is 'shop'; expected a list" in problem


def test_the_target_is_no_feature_and_features_are_named_once(folder, sound):
    folder.write(sound.replace('"hour"]', '"fare", "hour", "hour"]'))
    assert folder.problems() == [
        (
            "keepfit.toml:7: model.fare.features contains the target `fare`; "
            "expected columns to predict it from"
        ),
        "keepfit.toml:7: model.fare.features names `hour` twice; expected each column once",
    ]


def test_what_is_missing_is_told_where_its_table_begins(folder):
    folder.write('[project]\n[model.a]\nkind = "ridge"\n')
    assert folder.problems() == [
        "keepfit.toml:1: project is incomplete; expected `name`: of the project",
        "keepfit.toml:2: model.a is incomplete; expected `target`: the column to predict",
        (
            "keepfit.toml:2: model.a is incomplete; expected `features`: "
            "the columns to predict from, after `derive` and `transform`"
        ),
        "keepfit.toml:2: model.a is incomplete; expected `data`",
    ]


def test_a_file_without_a_project_says_so(folder, sound):
    folder.write(sound.replace('[project]\nname = "taxi"\n', ""))
    assert folder.problems() == [
        "keepfit.toml:1: project is incomplete; expected `name`: of the project"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[notify]]\n", "notify is not a known key. Known: defaults, model, profile, project"),
        ("model = 3\n", "model is 3; expected a table"),
        ("model.x = 3\n", "model.x is 3; expected a table"),
        ("profile.x = 3\n", "profile.x is 3; expected a table"),
        ("defaults = 3\n", "defaults is 3; expected a table"),
        ("project = 3\n", "project is 3; expected a table"),
    ],
)
def test_the_tables_of_the_file_are_known(folder, text, problem):
    assert f"keepfit.toml:1: {problem}" in folder.write(text).problems()


@pytest.mark.parametrize(
    ("stages", "problem"),
    [
        ('["a", "A"]', "stages[1] is 'A': `A` cannot name a stage: expected 1 to 63 of"),
        ('["a", "a"]', "stages[1] is 'a' a second time; expected each stage once"),
        ('["latest"]', "stages[0] is 'latest', which means something else; expected another name"),
        ('["four_eyes"]', "stages[0] is 'four_eyes', which means something else; expected another"),
        ("[]", "stages is []; expected a list of at least 1"),
        ('"production"', "stages is 'production'; expected a list"),
    ],
)
def test_stages_have_names_of_their_own(folder, sound, stages, problem):
    folder.write(sound.replace('name = "taxi"', f'name = "taxi"\nstages = {stages}'))
    assert any(line.startswith(f"keepfit.toml:3: project.{problem}") for line in folder.problems())


def test_a_stage_that_the_project_does_not_name_cannot_be_promoted_to(folder, sound):
    text = sound.replace('name = "taxi"', 'name = "taxi"\nstages = ["test", "live"]')
    folder.write(f'{text}\n[model.fare.promote]\nlive = "auto"\nproduction = "auto"\n')
    [problem] = folder.problems()
    assert "model.fare.promote.production is no stage of the project. Known: live, test" in problem


def test_a_model_must_have_a_name_that_others_can_spell(folder, sound):
    folder.write(sound.replace("model.fare", 'model."Fare 1"'))
    [problem] = folder.problems()
    assert problem.startswith(
        'keepfit.toml:4: model."Fare 1" has a bad name: `Fare 1` cannot name a model: expected 1 to'
    )


def test_a_metric_of_the_model_itself_is_known_to_its_gate(folder, sound):
    own = '[model.fare.metric.close]\nfunction = "m:close"\nbetter = "higher"\n'
    gate = '[model.fare.gate]\nmetric = "close"\n'
    assert folder.write(f"{sound}{own}{gate}").load().models["fare"].gate.metric == "close"
    assert len(folder.write(f"{sound}{gate}").problems()) == 1


def test_every_problem_is_told_at_once(folder, sound):
    text = sound.replace('"ridge"', '"rigde"').replace("[project]", "[project]\nstor = 1")
    folder.write(f'{text}windw = 1\n[model.tips]\nkind = "ridge"\nparams.alhpa = 1\n')
    problems = folder.problems({"KEEPFIT__MODEL__FARE__THREADS": "x"}, overrides={"a.b": "1"})
    assert len(problems) == 9
    assert (
        problems[0] == "flag: a.b is not a known key; expected one below project, defaults or model"
    )
    assert problems[1] == (
        "KEEPFIT__MODEL__FARE__THREADS: model.fare.threads is 'x'; expected a whole number"
    )
    lines = [int(problem.split(":")[1]) for problem in problems[2:]]
    assert lines == sorted(lines)
