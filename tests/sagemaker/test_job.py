"""What a job tells: settings that are texts, channels, machines; every problem at once."""

import pytest

from keepfit.errors import ConfigError
from keepfit.sagemaker.job import read_job


def job(container, **environ):
    return read_job(container.tree, environ)


def problems(container):
    with pytest.raises(ConfigError) as refused:
        job(container)
    return [str(problem) for problem in refused.value.problems]


def test_a_job_has_a_name_settings_and_channels(container):
    container.channel("validation", "a,1,2\n", ContentType="text/csv; header=present")
    read = job(container, TRAINING_JOB_NAME="iris-2026")
    assert read.name == "iris-2026"
    assert read.texts["kind"] == "sklearn"
    assert read.channels.keys() == {"training", "validation"}
    assert read.channels["training"].header is None
    assert read.channels["validation"].header is True


def test_a_job_that_was_given_nothing_is_read(bare):
    read = job(bare)
    assert (read.name, read.texts, read.channels) == ("", {}, {})


@pytest.mark.parametrize("text", ["", " \n", "{}"])
def test_empty_files_of_settings_are_fine(container, text):
    for name in ("hyperparameters", "inputdataconfig", "resourceConfig", "resourceconfig"):
        container.file(f"input/config/{name}.json", text)
    assert job(container).texts == {}


def test_what_sagemaker_adds_itself_is_left_out(container):
    container.hyperparameters(
        sagemaker_program="x.py", sagemaker_region="eu", _tuning_objective_metric="mae", alpha="1"
    )
    assert job(container).texts == {"alpha": "1"}


def test_every_value_that_is_no_text_is_named(container):
    container.hyperparameters(alpha=0.1, deep={"a": 1}, list=[1], none=None, fine="1", yes=True)
    said = problems(container)
    assert len(said) == 5
    assert said[0] == ("hyperparameters.json: alpha is 0.1, which is no text; expected '0.1'")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[1]", "holds [1]"),
        ('"a"', "holds 'a'"),
        ("null", "holds null"),
        ("{", "is no JSON"),
        ("[" * 200_000, "is no JSON"),
        ('{"a": ' + "9" * 10_000 + "}", "is no JSON"),
        ('{"a": "1", "a": "2"}', "`a` is there twice"),
        ("\xff\xfe", "is no JSON"),
        (" " * (2 << 20) + "{}", "more than 1,048,576 bytes"),
    ],
)
def test_a_file_that_is_no_object_is_named(container, text, word):
    container.file("input/config/hyperparameters.json", text.encode("latin-1"))
    (said,) = problems(container)
    assert said.startswith("hyperparameters.json: the file")
    assert word in said


def test_all_files_are_complained_of_at_once(container):
    container.file("input/config/hyperparameters.json", "[")
    container.file("input/config/inputdataconfig.json", "[")
    container.file("input/config/resourceConfig.json", '{"hosts": ["algo-1", "algo-2"]}')
    container.file("input/data/loose.csv", "1,2\n")
    (container.root / "input" / "data" / "empty").mkdir()
    places = [said.partition(":")[0] for said in problems(container)]
    assert places == [
        "hyperparameters.json",
        "inputdataconfig.json",
        "resourceConfig.json",
        "input/data",
        "channel empty",
    ]


def test_one_machine_is_fine(container):
    container.file("input/config/resourceconfig.json", '{"hosts": ["algo-1"], "current_host": "a"}')
    assert job(container)


def test_a_channel_that_was_told_of_and_is_not_there_is_named(container):
    container.tell("test", ContentType="text/csv")
    assert problems(container) == ["channel test: its folder holds no file of rows"]


def test_all_files_of_a_channel_are_read_in_the_order_of_their_paths(container):
    for name in ("b.csv", "sub/a.csv", "sub/deeper/c.csv", "_SUCCESS", ".crc", "_tmp/x.csv"):
        container.channel("train", "x,1,2\n", file=name)
    read = job(container).channels["train"]
    assert [file.relative_to(read.folder).as_posix() for file in read.files] == [
        "b.csv",
        "sub/a.csv",
        "sub/deeper/c.csv",
    ]


@pytest.mark.parametrize(
    ("said", "header"),
    [
        ("", None),
        ("text/csv", None),
        ("text/csv;label_size=1", None),
        ("text/csv; header=present", True),
        ("text/csv;charset=utf-8;HEADER=Present", True),
        ("text/csv; header=absent", False),
    ],
)
def test_a_content_type_tells_of_a_header(container, said, header):
    container.tell("training", ContentType=said)
    assert job(container).channels["training"].header is header
