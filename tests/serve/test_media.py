"""Content types are read as they are meant, and what cannot be made is refused."""

import pytest

from keepfit.serve.door.problems import BadRequest
from keepfit.serve.media import Media, accepted, media_of


@pytest.mark.parametrize(
    ("said", "media"),
    [
        ("text/csv", Media("csv")),
        ("text/csv; charset=utf-8", Media("csv")),
        ('Text/CSV;Charset="UTF-8"; header=absent', Media("csv", header=False)),
        ("text/csv; header=present", Media("csv", header=True)),
        ("application/json; charset=utf-8", Media("json")),
        ("application/jsonlines", Media("lines")),
        ("application/x-ndjson", Media("lines")),
    ],
)
def test_a_type_is_known_by_its_name_with_any_parameters(said, media):
    assert media_of(said) == media


@pytest.mark.parametrize("said", ["", "text/plain", "application/xml", "text/csv; charset=latin-1"])
def test_a_type_that_cannot_be_read_is_415(said):
    with pytest.raises(BadRequest) as caught:
        media_of(said)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", Media("csv")),
        ("*/*", Media("csv")),
        ("application/json", Media("json")),
        ("text/csv;q=0.1, application/json;q=0.5", Media("json")),
        ("text/html, application/*;q=0.9", Media("csv")),
        ("text/csv; header=present", Media("csv", header=True)),
        ("text/html, application/jsonlines", Media("lines")),
    ],
)
def test_the_answer_is_of_the_type_that_is_accepted_most(accept, media):
    assert accepted(accept, Media("csv", header=False)) == media


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0"])
def test_an_answer_that_nobody_accepts_is_406(accept):
    with pytest.raises(BadRequest) as caught:
        accepted(accept, Media("json"))
    assert caught.value.status == 406
