"""What a job that failed leaves: the cause first, 1,024 characters at most, and no secret."""

import pytest

from keepfit.errors import ConfigError, Problem, SourceError, UserError
from keepfit.sagemaker.failure import LONGEST, redacted, secrets_in, told, write_failure
from keepfit.sagemaker.stop import Stopped


def test_the_cause_comes_first_and_the_next_step_after():
    error = UserError("there is no column `a`.", hint="name another")
    assert told(error, ()) == "there is no column `a`.\nnext: name another"


def test_of_several_problems_the_first_is_told_first():
    problems = [Problem("hyperparameters.json", f"key{i}", "is not known") for i in range(100)]
    text = told(ConfigError(problems), ())
    assert text.startswith("100 problems, the first: hyperparameters.json: key0 is not known\n")
    assert len(text) == LONGEST
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Stopped("stopped by SIGTERM"), "stopped by SIGTERM"),
        (KeyboardInterrupt(), "stopped by hand"),
        (OSError(28, "No space left on device", "/opt/ml/model"), "/opt/ml/model: No space left"),
        (ZeroDivisionError("by zero"), "a bug in keepfit: ZeroDivisionError: by zero"),
    ],
)
def test_whatever_ends_a_job_is_told_without_a_traceback(error, text):
    assert told(error, ()).startswith(text)
    assert "Traceback" not in told(error, ())


def test_no_secret_is_told():
    environ = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
        "DB_PASSWORD": "hunter22",
        "DB_PASSWORD_OLD": "hunter22-before",
        "SESSION_TOKEN": "IQoJb3JpZ2luX2Vj",
        "HOME": "/root",
        "API_KEY": "abc",
    }
    secrets = secrets_in(environ)
    error = SourceError(
        "postgresql://ana:geheim@db/x?sslkey=k1&user=a did not answer: hunter22-before, hunter22, "
        "wJalrXUtnFEMI/K7MDENG, IQoJb3JpZ2luX2Vj in /root",
        hint="https://h/b?X-Amz-Signature=123&a=b",
    )
    text = told(error, secrets)
    for canary in ("hunter22", "-before", "wJalr", "IQoJ", "geheim", "ana:", "k1", "=123"):
        assert canary not in text
    assert "/root" in text
    assert "user=a did not answer" in text


def test_a_secret_is_hidden_before_the_text_is_cut():
    secret = "s3cret" * 10
    text = told(UserError("x" * (LONGEST - 30) + secret), {secret})
    assert "s3c" not in text


def test_words_are_no_secrets():
    assert redacted("a cat sat", {"a", "cat"}) == "a cat sat"


def test_a_place_that_cannot_be_written_hides_no_error(tmp_path):
    (tmp_path / "output").write_text("a file")
    write_failure(tmp_path / "output" / "failure", "text")
