"""H1: the server is what its own OpenAPI says, asked and answered by schemathesis."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

# OpenAPI has no words for what is right in a text of CSV or of JSON lines, nor for columns of the
# same length
UNSAID = [positive_data_acceptance, negative_data_rejection]


def is_unsaid(case):
    table = isinstance(case.body, dict) and any(isinstance(v, list) for v in case.body.values())
    options = bool(case.query)  # "1", "0" and "" are taken for true and false, too
    return table or options or case.media_type in ("text/csv", "application/jsonlines")


def hold(serving, examples, modes=tuple(GenerationMode)):
    """How many requests were asked; each answer is one that the document tells of."""
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{serving.port}/openapi.json")
    operations = [each.ok() for each in schema.get_all_operations()]
    requests = st.one_of([each.as_strategy(mode) for each in operations for mode in modes])
    asked, statuses = 0, set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < 1000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests)
    def each(case):
        nonlocal asked
        answer = case.call_and_validate(excluded_checks=UNSAID if is_unsaid(case) else None)
        asked += 1
        statuses.add((case.method, answer.status_code))

    each()
    return asked, statuses


def test_the_server_keeps_what_its_own_document_says(taxi, serve):
    serving = serve(taxi, "fare@production", "borough@production")
    asked, statuses = hold(serving, 250)
    assert asked >= 250
    assert {("POST", 200), ("POST", 400), ("GET", 200)} <= statuses
    assert "Traceback" not in serving.said


@pytest.mark.soak
@pytest.mark.parametrize("reference", ["fare@production", "borough@production"])
def test_the_server_keeps_its_document_at_full_size(taxi, serve, reference):
    number = int(os.environ.get("KEEPFIT_CASES", "10000"))
    serving = serve(taxi, reference, "--no-access-log")
    asked, statuses = hold(serving, number)
    told = ", ".join(f"{method} {status}" for method, status in sorted(statuses))
    print(f"\ncontract: {asked:,} requests for {reference} from its OpenAPI, 0 failures: {told}")
    assert "Traceback" not in serving.said
