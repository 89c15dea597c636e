"""`${NAME}` is read for work, and stays `${NAME}` in all that is kept or shown."""

from __future__ import annotations

from keepfit.config.diff import training_digest
from keepfit.config.schema.model import ModelSpec
from keepfit.config.show import explain
from keepfit.digest import canonical

SECRET = "hunter2-postgresql://ann:pw@h/db"
SOURCE = '{ sql = "select 1", uri = "${WAREHOUSE}" }'


def with_secrets(folder, sound):
    text = sound.replace('"trips-*.parquet"', SOURCE)
    text = text.replace('name = "taxi"', 'name = "taxi"\nstore = "s3://${BUCKET}/x"')
    return folder.write(text.replace("[model.fare.data]", 'owner = "a $${b}"\n[model.fare.data]'))


def test_a_secret_is_read_but_neither_kept_nor_shown(folder, sound):
    environ = {"WAREHOUSE": SECRET, "BUCKET": "hunter2-bucket"}
    project = with_secrets(folder, sound).load(environ)
    assert project.models["fare"].data.source.uri == SECRET
    assert project.store == "s3://hunter2-bucket/x"
    assert project.secrets == {SECRET, "hunter2-bucket"}
    kept = project.resolved("fare")
    assert kept["data"]["source"] == {"sql": "select 1", "uri": "${WAREHOUSE}"}
    assert b"hunter2" not in canonical(kept)
    assert "hunter2" not in str(explain(project)) + repr(project)
    shown = {setting.key: setting.value for setting in explain(project)}
    assert shown["project.store"] == '"s3://${BUCKET}/x"'


def test_what_is_kept_is_a_model_again_and_its_own_copy(folder, sound):
    project = with_secrets(folder, sound).load({"WAREHOUSE": SECRET, "BUCKET": "b"})
    again = ModelSpec.model_validate(project.resolved("fare"))
    assert again.data.sources["rows"].uri == "${WAREHOUSE}"
    assert (again.name, again.owner, again.params["alpha"]) == ("fare", "a ${b}", 1.0)
    project.resolved("fare")["data"]["source"] = "changed"
    assert project.resolved("fare")["data"]["source"] != "changed"


def test_another_value_of_a_secret_is_the_same_model(folder, sound):
    with_secrets(folder, sound)
    digests = {
        training_digest(folder.load({"WAREHOUSE": value, "BUCKET": "b"}).resolved("fare"))
        for value in ("a", "b")
    }
    assert len(digests) == 1


def test_a_value_that_must_be_one_of_some_words_is_no_secret_and_counts(folder, sound):
    folder.write(f'{sound}[model.fare.split]\nholdout = "${{SPAN}}"\n')
    one, two = (folder.load({"SPAN": span}) for span in ("1 month", "2 months"))
    assert one.resolved("fare")["split"]["holdout"] == "1 month"
    assert one.secrets == frozenset()
    assert training_digest(one.resolved("fare")) != training_digest(two.resolved("fare"))


def test_a_number_may_be_read_from_a_variable_and_counts_too(folder, sound):
    folder.write(sound.replace("[model.fare.data]", 'threads = "${CORES}"\n[model.fare.data]'))
    assert folder.load({"CORES": "4"}).resolved("fare")["threads"] == 4


def test_a_wrong_value_is_told_by_its_name(folder, sound):
    folder.write(f'{sound}[model.fare.split]\nholdout = "${{SPAN}}"\n')
    [problem] = folder.problems({"SPAN": "hunter2"})
    assert problem.startswith("keepfit.toml:12: model.fare.split.holdout is '${SPAN}'; expected a")


def test_a_missing_variable_is_told_once(folder, sound):
    folder.write(f'{sound}[model.fare.split]\nholdout = "${{SPAN}}"\n')
    assert folder.problems() == [
        (
            "keepfit.toml:12: model.fare.split.holdout reads ${SPAN}, which is not set; "
            "expected it in the environment or in .env"
        )
    ]


def test_a_secret_may_stand_in_dotenv(folder, sound):
    with_secrets(folder, sound)
    (folder.root / ".env").write_text(f"export WAREHOUSE='{SECRET}'\nBUCKET=from-dotenv\n")
    project = folder.load({"BUCKET": "from-environment"})
    assert project.models["fare"].data.source.uri == SECRET
    assert project.store == "s3://from-environment/x"
