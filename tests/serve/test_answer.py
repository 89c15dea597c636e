"""Predictions go out in one spelling, whatever the type."""

import json

import pytest

from keepfit.kinds.texts.prefixes import Prefixes
from keepfit.serve.answer import Predicted, written
from keepfit.serve.door.problems import BadRequest
from keepfit.serve.media import Media
from keepfit.serve.options import Options

FARES = Predicted([1.5, float("inf"), -0.0])
KINDS = Predicted(
    ["no", 'y"es, a'], [(0.75, 0.25, 0.0), (0.2, 0.6, 0.2)], ("no", 'y"es, a', "maybe")
)
PLAIN, JSON = Options(), Media("json")
ALL = Options(probabilities=True, top_k=2)


def body(said, options=PLAIN, media=JSON, **how):
    return written(said, options, media, "1.0.0-abc1234", **how).decode()


def test_json_tells_one_prediction_a_row_and_the_version():
    assert json.loads(body(FARES)) == {
        "predictions": [1.5, None, -0.0],  # JSON has no infinity
        "version": "1.0.0-abc1234",
    }


def test_one_object_is_answered_with_one():
    told = body(FARES.part(0, 1), single=True)
    assert json.loads(told) == {"prediction": 1.5, "version": "1.0.0-abc1234"}


def test_csv_has_a_prediction_a_line_and_a_header_only_where_it_is_accepted():
    assert body(FARES, media=Media("csv")) == "1.5\ninf\n-0.0\n"
    assert body(FARES, media=Media("csv", header=True)) == "prediction\n1.5\ninf\n-0.0\n"
    assert body(KINDS, media=Media("csv")) == 'no\n"y""es, a"\n'


def test_of_a_row_that_says_too_little_nothing_is_said():
    nan = float("nan")
    said = Predicted(["no", None], [(0.75, 0.25, 0.0), (nan, nan, nan)], KINDS.classes)
    assert json.loads(body(said))["predictions"] == ["no", None]
    _, nothing = json.loads(body(said, ALL))["predictions"]
    assert set(nothing.values()) == {None}
    assert len(nothing) == 1 + 3 + 4
    assert body(said, ALL, Media("csv")).splitlines()[1] == "," * 7
    prefixes = Prefixes(("0101", "0102", "0201"), 2)
    cut = Predicted(["0201", None], [(0.2, 0.2, 0.6), (nan, nan, nan)]).at(prefixes)
    assert (cut.values, cut.chances[0]) == (["02", None], [0.4, 0.6])


def test_lines_are_an_object_each():
    assert body(FARES, media=Media("lines")).splitlines()[0] == '{"prediction":1.5}'


def test_probabilities_and_the_likeliest_labels_have_the_names_that_files_have():
    first, second = json.loads(body(KINDS, ALL))["predictions"]
    assert first == {
        "prediction": "no",
        "probability_no": 0.75,
        'probability_y"es, a': 0.25,
        "probability_maybe": 0.0,
        "label_1": "no",
        "score_1": 0.75,
        "label_2": 'y"es, a',
        "score_2": 0.25,
    }
    assert (second["label_1"], second["label_2"]) == ('y"es, a', "no")  # of a tie, the first class
    head, *_ = body(KINDS, ALL, Media("csv", header=True)).splitlines()
    assert head == (
        'prediction,probability_no,"probability_y""es, a",probability_maybe,'
        "label_1,score_1,label_2,score_2"
    )


def test_a_label_that_is_true_is_spelt_as_json_spells_it():
    said = Predicted([True, False], [(0.1, 0.9), (0.9, 0.1)], (False, True))
    assert body(said, media=Media("csv")) == "true\nfalse\n"


def test_options_are_asked_by_query_or_by_the_attributes_that_sagemaker_lets_through():
    assert Options().asked("probabilities=true&top_k=3") == Options(probabilities=True, top_k=3)
    assert Options().asked("", "trace=7, top_k=2") == Options(top_k=2)
    assert Options(top_k=3).asked("top_k=0") == Options()
    assert Options().asked("prefix=4&top_k=2") == Options(prefix=4, top_k=2)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("top_k=-1", "top_k=-1; expected a whole number"),
        ("top_k=1e9", "top_k=1e9; expected a whole number"),
        ("probabilities=maybe", "probabilities=maybe; expected true or false"),
        ("probabilities=", "probabilities=; expected true or false"),
        ("top_k=", "top_k=; expected a whole number"),
        ("prefix=two", "prefix=two; expected a whole number"),
        ("topk=3", "the query has `topk`. Did you mean `top_k`?"),
    ],
)
def test_an_option_that_is_none_is_named_with_a_guess(query, told):
    with pytest.raises(BadRequest, match=told.replace("?", r"\?")):
        Options().asked(query)


def test_a_model_of_numbers_has_no_probabilities():
    for options in (Options(top_k=1), Options(probabilities=True), Options(prefix=2)):
        with pytest.raises(BadRequest, match="predicts a number"):
            options.for_classes(())


def test_a_number_is_told_to_have_no_prefixes():
    told = "prefix=2: this model predicts a number; it has no labels"
    with pytest.raises(BadRequest, match=told):
        Options(prefix=2).for_classes(())


def test_labels_that_are_no_text_have_no_prefixes():
    with pytest.raises(BadRequest, match="prefix=2: the labels of this model are no text"):
        Options(prefix=2).for_classes((1, 2, 3))


def test_of_fewer_labels_than_are_asked_for_all_are_told():
    told = json.loads(body(KINDS, Options(top_k=300)))["predictions"][0]
    assert [name for name in told if name.startswith("label")] == ["label_1", "label_2", "label_3"]


def test_at_a_prefix_the_chances_of_labels_that_begin_alike_are_added_up():
    said = Predicted(["0201"], [(0.2, 0.35, 0.375, 0.075)], ("0101", "0102", "0201", "03"))
    told = said.at(Prefixes(said.classes, 2))
    assert told == Predicted(["01"], [[0.2 + 0.35, 0.375, 0.075]], ("01", "02", "03"))
    answer = json.loads(body(told, Options(top_k=9)))["predictions"][0]
    assert (answer["prediction"], answer["label_2"], answer["label_3"]) == ("01", "02", "03")
