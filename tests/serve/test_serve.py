"""`keepfit serve` as a client and as the person who runs it see it: real processes."""

import json
import signal

import pytest

TRIP = {"distance_km": 5, "borough": "queens", "riders": 2}
CSV = "distance_km,borough,riders\n5,queens,2\n"


def test_every_type_of_rows_is_answered_by_the_same_prediction(taxi, serve):
    client = serve(taxi, "fare@production").client()
    one = client.post(TRIP)
    assert one.status == 200
    value = one.json["prediction"]
    assert one.json == {"prediction": value, "version": one.version}
    assert client.post([TRIP, TRIP]).json["predictions"] == [value, value]
    table = {name: [cell] for name, cell in TRIP.items()}
    assert client.post(table).json["predictions"] == [value]
    assert client.post(CSV, kind="text/csv; charset=utf-8").body.decode() == f"{value!r}\n"
    bare = CSV.partition("\n")[2]
    assert client.post(bare, kind="text/csv;header=absent").body.decode() == f"{value!r}\n"
    lines = client.post(json.dumps(TRIP), kind="application/jsonlines")
    assert json.loads(lines.body) == {"prediction": value}
    asked = client.post(TRIP, accept="text/csv; header=present")
    assert asked.body.decode() == f"prediction\n{value!r}\n"


def test_probabilities_and_the_likeliest_labels_come_where_they_are_asked_for(taxi, serve):
    taxi.edit(
        "[model.borough.promote]\n", "[model.borough.serve]\ntop_k = 1\n\n[model.borough.promote]\n"
    )
    client = serve(taxi, "borough@production").client()
    row = {"distance_km": 5, "fare": 17.0}
    [said] = client.post([row]).json["predictions"]
    assert set(said) == {"prediction", "label_1", "score_1"}
    [said] = client.post([row], "/invocations?probabilities=true&top_k=2").json["predictions"]
    chances = [said[f"probability_{name}"] for name in ("bronx", "kings", "queens")]
    assert sum(chances) == pytest.approx(1)
    assert said["score_1"] == max(chances)
    assert said["label_1"] == said["prediction"]
    attributes = {"x_amzn_sagemaker_custom_attributes": "top_k=0"}
    assert client.post([row], **attributes).json["predictions"] == [said["prediction"]]


def test_labels_that_begin_alike_are_answered_together_where_that_is_asked_for(taxi, serve):
    client = serve(taxi, "borough@production").client()
    row = {"distance_km": 5, "fare": 17.0}
    [whole] = client.post([row], "/invocations?probabilities=true").json["predictions"]
    [said] = client.post([row], "/invocations?prefix=1&top_k=5").json["predictions"]
    each = {name[12:]: chance for name, chance in whole.items() if name.startswith("probability_")}
    assert {said[f"label_{place}"] for place in (1, 2, 3)} == {"b", "k", "q"}
    assert said["prediction"] == said["label_1"] == max(each, key=each.get)[0]
    assert said["score_1"] == max(each.values())
    told = client.post([row], "/invocations?prefix=one")
    assert (told.status, told.json["error"]) == (400, "prefix=one; expected a whole number")


def test_a_prefix_of_labels_that_are_no_text_is_refused_before_anybody_asks(taxi, ended):
    taxi.edit('target = "borough"', 'target = "riders"\nserve = { prefix = 2 }')
    taxi.keepfit("run", "borough")
    code, said = ended(taxi, "borough@latest")
    assert code == 2
    assert "model.borough.serve.prefix is 2, and the labels of" in said
    assert 'types = { riders = "text" }' in said


def test_what_is_wrong_is_told_by_row_and_column_and_nothing_else_is_hurt(taxi, serve):
    client = serve(taxi, "fare@production").client()
    wrong = client.post([TRIP, {**TRIP, "distance_km": "far", "riders": 1.5}])
    assert wrong.status == 400
    assert wrong.version
    assert wrong.json["problems"] == [
        {
            "row": 2,
            "column": "distance_km",
            "value": '"far"',
            "expected": "a whole number between 0 and 100",
        },
        {"row": 2, "column": "riders", "value": "1.5", "expected": "a whole number (Int64)"},
    ]
    assert wrong.json["error"].startswith('row 2, column `distance_km`: "far" is not')
    for body, kind, status in (
        ("{", "application/json", 400),
        ("distance_km\n5\n", "text/csv", 400),
        ("x", "text/plain", 415),
        (json.dumps({**TRIP, "distance_km": 101}), "application/json", 400),
    ):
        assert client.post(body, kind=kind).status == status
    assert client.post(TRIP, accept="text/html").status == 406
    assert client.get("/invocations").status == 405
    assert client.get("/invocations").headers["allow"] == "POST"
    assert client.get("/nothing").status == 404
    assert client.post(TRIP, "/invocations?topk=1").status == 400
    assert client.post(TRIP).status == 200


def test_a_row_without_a_number_is_named_where_the_model_fills_none(taxi, serve):
    taxi.edit("[model.fare.params]", '[model.fare.encode]\nmissing = "fail"\n\n[model.fare.params]')
    taxi.keepfit("run", "fare")
    client = serve(taxi, "fare@latest").client()
    said = client.post([TRIP, TRIP | {"distance_km": None}])
    assert said.status == 400
    lacks = 'no finite number, and encode.missing is "fail"'
    assert said.json["problems"] == [{"row": 2, "column": "distance_km", "expected": lacks}]
    assert client.post(TRIP).status == 200


def test_every_answer_bears_an_id_and_the_version(taxi, serve):
    client = serve(taxi, "fare@production").client()
    said = client.post(TRIP, x_request_id="trip-7")
    assert said.headers["x-request-id"] == "trip-7"
    assert said.headers["x-keepfit-model"] == f"fare@{taxi.versions[0]}"
    first, second = (client.get("/ping").headers["x-request-id"] for _ in range(2))
    assert first != second


def test_what_is_served_is_told_to_people_and_to_programs(taxi, serve):
    serving = serve(taxi, "fare@production")
    client = serving.client()
    for path in ("/ping", "/healthz", "/readyz"):
        said = client.get(path)
        assert (said.status, said.body) == (200, b"")
    about = client.get("/model").json
    assert about["version"] == taxi.versions[0]
    assert [column["name"] for column in about["input"]] == [*TRIP]
    assert about["metrics"]["mae"] > 0
    client.post([TRIP] * 3)
    counted = client.get("/metrics").body.decode().splitlines()
    assert 'keepfit_rows_total{model="fare"} 3' in counted
    assert 'keepfit_requests_total{model="fare",status="200"} 1' in counted
    document = client.get("/openapi.json").json
    row = document["components"]["schemas"]["fare-row"]
    assert row["properties"]["distance_km"]["maximum"] == 100
    assert client.post(row["examples"][0]).status == 200
    page = client.get("/docs").body.decode()
    assert "a whole number between 0 and 100" in page
    assert "<script" not in page
    assert serving.stop() == 0
    lines = [line for line in serving.access if line["path"] == "/invocations"]
    assert [(line["status"], line["rows"]) for line in lines] == [(200, 3), (200, 1)]
    assert lines[0]["model"] == f"fare@{taxi.versions[0]}"


def test_several_models_have_a_route_each(taxi, serve):
    client = serve(taxi, "fare@production", "borough@latest").client()
    assert client.post(TRIP, "/models/fare/invocations").status == 200
    row = {"distance_km": 5, "fare": 17.0}
    assert client.post(row, "/models/borough/invocations").status == 200
    lost = client.post(TRIP)
    assert lost.status == 404
    assert "/models/borough/invocations" in lost.json["error"]
    assert [about["model"] for about in client.get("/models").json] == ["fare", "borough"]


def test_a_key_is_asked_of_all_but_probes_and_never_told(taxi, serve):
    taxi.edit('name = "taxi"\n', 'name = "taxi"\n\n[project.serve]\napi_key = "${SECRET}"\n')
    serving = serve(taxi, "fare@production", environ={"SECRET": "s3cret-key"})
    client = serving.client()
    assert client.get("/ping").status == 200
    for headers in ({}, {"x_api_key": "s3cret-kez"}, {"authorization": "Basic s3cret-key"}):
        assert client.post(TRIP, **headers).status == 401
        assert client.get("/metrics", **headers).status == 401
    assert client.post(TRIP, x_api_key="s3cret-key").status == 200
    assert client.post(TRIP, authorization="Bearer s3cret-key").status == 200
    serving.stop()
    assert "s3cret" not in serving.said
    assert "s3cret" not in (taxi.root / "serve.out").read_text()


def test_a_large_request_is_answered_and_as_the_small_ones(taxi, serve):
    client = serve(taxi, "fare@production").client()
    rows = [{**TRIP, "distance_km": n % 100} for n in range(20_000)]
    said = client.post(rows).json["predictions"]
    assert len(said) == 20_000
    assert said[5] == client.post(TRIP).json["prediction"]
    assert client.post([*rows, {**TRIP, "riders": "x"}]).json["problems"][0]["row"] == 20_001


def test_the_server_follows_its_stage_and_never_says_a_prediction_of_another_version(taxi, serve):
    serving = serve(taxi, "fare@production", "--poll", "0.05")
    client = serving.client()
    first, second = taxi.versions
    before = client.post(TRIP)
    assert before.version == first
    taxi.promote(second)
    serving.until(lambda: client.post(TRIP).version == second, "the new version")
    after = client.post(TRIP)
    assert after.json["prediction"] != before.json["prediction"]
    assert f"fare@{second} answers" in serving.said


def test_sigterm_ends_it_with_code_0_and_so_does_ctrl_c(taxi, serve):
    for number in (signal.SIGTERM, signal.SIGINT):
        serving = serve(taxi, "fare@production")
        serving.client().post(TRIP)
        assert serving.stop(number) == 0
        assert "Traceback" not in serving.said


def test_workers_share_a_port_and_their_numbers_and_one_that_dies_is_replaced(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "2")
    answered = 0
    for _ in range(10):
        answered += serving.client().post(TRIP).status == 200
    assert answered == 10
    counted = serving.client().get("/metrics").body.decode()
    assert 'keepfit_requests_total{model="fare",status="200"} 10' in counted.splitlines()
    children = [int(p) for p in children_of(serving.process.pid)]
    assert len(children) == 2
    kill(children[0])
    serving.until(lambda: "died (-9) and is replaced" in serving.said, "the word")
    serving.until(lambda: len(children_of(serving.process.pid)) == 2, "another process")
    assert serving.client().post(TRIP).status == 200
    assert serving.stop() == 0
    assert not [p for p in children if alive(p)]


def test_workers_stop_by_themselves_when_their_parent_is_killed(taxi, serve):
    serving = serve(taxi, "fare@production", "--workers", "2")
    children = children_of(serving.process.pid)
    kill(serving.process.pid)
    serving.until(lambda: not any(map(alive, children)), "their end")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fair@production"], 2, ["fair", "Did you mean `fare`?"]),
        (["fare@prodction"], 2, ["prodction", "Did you mean `production`?"]),
        (["fare@production", "fare@latest"], 2, ["fare is named twice", "--port"]),
        (["fare@production", "--poll", "0"], 2, ["--poll 0.0", "above 0"]),
        (["fare@production", "--host", "no.such.host.invalid"], 2, ["no.such.host.invalid"]),
        (["fare@production", "--workers", "2", "--port", "0", "--set", "model.fare.x=1"], 2, ["x"]),
    ],
)
def test_what_cannot_be_served_ends_with_the_next_step(taxi, ended, arguments, code, words):
    ended_with, said = ended(taxi, *arguments)
    assert ended_with == code, said
    assert "Traceback" not in said
    for word in words:
        assert word in said


def test_a_port_that_is_taken_is_named(taxi, serve, ended):
    port = serve(taxi, "fare@production").port
    code, said = ended(taxi, "fare@production", "--port", str(port))
    assert code == 4
    assert f"cannot listen at 127.0.0.1:{port}" in said


def children_of(pid):
    from pathlib import Path

    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    from pathlib import Path

    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def kill(pid):
    import os

    os.kill(pid, signal.SIGKILL)
