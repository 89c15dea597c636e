"""Points about `train`: what it reads, what it leaves, how it ends."""

from __future__ import annotations

from keepfit.sagemaker.conform.bench import CANARY, Bench, Run
from keepfit.sagemaker.conform.point import Found, Points

TRAINING = Points("train")
point = TRAINING.point

_LONGEST = 1024  # characters of a failure that SageMaker shows
_SECONDS = 120  # from SIGTERM to SIGKILL


@point("A job that succeeded ends with exit code 0", expects="exit code 0")
def succeeds(bench: Bench) -> Found:
    run = bench.good
    end = run.said.strip().splitlines()[-1:] if run.code else []
    return Found(run.code == 0, " ".join([f"exit code {run.code}", *end]))


@point("The model is left in /opt/ml/model", expects="at least one file")
def leaves_a_model(bench: Bench) -> Found:
    files = bench.good.model
    return Found(bool(files), f"{len(files)} files")


@point("/opt/ml/output/failure is for jobs that fail", expects="no such file after a success")
def leaves_no_failure(bench: Bench) -> Found:
    failure = bench.good.failure
    return Found(failure is None, "no such file" if failure is None else repr(failure[:80]))


@point("Hyperparameters are an object of texts; numbers are texts, too", expects="they are taken")
def takes_texts(bench: Bench) -> Found:
    return Found(bench.good.code == 0, f"exit code {bench.good.code}")


@point("resourceConfig.json may be empty, as the public sample leaves it", expects="no complaint")
def takes_an_empty_file(bench: Bench) -> Found:
    run = bench.good
    odd = "resourceconfig" in run.said.lower()
    return Found(run.code == 0 and not odd, f"exit code {run.code}")


@point("Settings that SageMaker adds itself (sagemaker_…) are none of the job's", expects="ignored")
def ignores_reserved_settings(bench: Bench) -> Found:
    run = bench.good
    return Found(run.code == 0 and "sagemaker_program" not in run.said, f"exit code {run.code}")


@point("The input belongs to the job: nothing in it is written", expects="the same bytes after it")
def leaves_the_input_alone(bench: Bench) -> Found:
    run = bench.good
    changed = sorted(dict(run.before.items() ^ run.after.items()))
    return Found(not changed, ", ".join(changed) or "the same bytes")


@point("A job writes to /opt/ml/model and /opt/ml/output", expects="no other folder afterwards")
def writes_to_its_places(bench: Bench) -> Found:
    there = {path.name for path in bench.good.tree.root.iterdir()}
    others = sorted(there - {"input", "model", "output", "checkpoints"})
    return Found(not others, ", ".join(others) or "no other folder")


@point("What is printed is the job's log", expects="something is printed, to its last line")
def prints(bench: Bench) -> Found:
    said = bench.good.said
    return Found(said.endswith("\n") and bool(said.strip()), f"{len(said):,} characters")


@point("Metrics are found in the log by name, as metric definitions do", expects="name=number")
def prints_metrics(bench: Bench) -> Found:
    import re

    found = re.findall(r"[\w-]+\s?[=:]\s?-?\d+(?:\.\d+)?", bench.good.said)
    return Found(bool(found), ", ".join(found[:3]) or "none")


@point("A job that failed ends with another exit code than 0", expects="not 0")
def fails_with_a_code(bench: Bench) -> Found:
    code = bench.wrong_settings.code
    return Found(code not in (0, None), f"exit code {code}")


@point("A job that failed leaves the reason in /opt/ml/output/failure", expects="the file is there")
def leaves_the_reason(bench: Bench) -> Found:
    return _failure(bench.wrong_settings, lambda text: (bool(text.strip()), f"{len(text)} letters"))


@point("The reason is text", expects="UTF-8")
def leaves_text(bench: Bench) -> Found:
    failure = bench.wrong_settings.failure or b"\xff"
    try:
        failure.decode("utf-8")
    except UnicodeDecodeError:
        return Found(False, repr(failure[:40]))
    return Found(True, "UTF-8")


@point("Its first 1,024 characters are shown", expects="at most 1,024 characters")
def leaves_a_short_text(bench: Bench) -> Found:
    return _failure(
        bench.wrong_settings, lambda text: (len(text) <= _LONGEST, f"{len(text)} characters")
    )


@point("The cause comes first", expects="the first line names the setting that is wrong")
def begins_with_the_cause(bench: Bench) -> Found:
    def names(text: str) -> tuple[bool, str]:
        first = text.splitlines()[0] if text else ""
        return "no_such_setting_at_all" in first, first[:120]

    return _failure(bench.wrong_settings, names)


@point("The reason is for people", expects="no traceback")
def leaves_no_traceback(bench: Bench) -> Found:
    return _failure(
        bench.wrong_settings,
        lambda text: ("Traceback" not in text and "  File " not in text, text[:80]),
    )


@point("No secret of the environment is in the reason or the log", expects="no trace of it")
def hides_secrets(bench: Bench) -> Found:
    places = {}
    for name in ("good", "wrong_settings", "damaged_rows"):
        run = getattr(bench, name)
        places[name] = CANARY in run.said or CANARY.encode() in (run.failure or b"")
    found = [name for name, leaks in places.items() if leaks]
    return Found(not found, ", ".join(found) or "no trace of it")


@point("A job that failed has no model", expects="/opt/ml/model is empty")
def leaves_no_model_of_a_failure(bench: Bench) -> Found:
    files = bench.wrong_settings.model + bench.damaged_rows.model
    return Found(not files, ", ".join(files[:3]) or "empty")


@point("Values that are no texts are refused, with their names", expects="a failure that names one")
def refuses_values_that_are_no_texts(bench: Bench) -> Found:
    return _refused(bench.typed_settings, "seed", "deep")


@point("Hyperparameters that are no JSON are refused by name", expects="a failure that names them")
def refuses_damaged_settings(bench: Bench) -> Found:
    return _refused(bench.damaged_settings, "hyperparameters")


@point("A job without rows fails with the reason", expects="a failure that speaks of the channel")
def refuses_no_rows(bench: Bench) -> Found:
    return _refused(bench.no_rows, "channel", "training", "data")


@point("A job with rows that cannot be read fails by name", expects="a failure that names the file")
def refuses_damaged_rows(bench: Bench) -> Found:
    return _refused(bench.damaged_rows, "rows.csv", "training")


@point("A job is stopped by SIGTERM, and killed 120 s later", expects="it ends within 120 s")
def ends_in_time(bench: Bench) -> Found:
    run = bench.stopped
    told = f"{run.seconds:.1f} s" if run.code is not None else "it had to be killed"
    return Found(run.code is not None and run.seconds < _SECONDS, told)


@point("A job that was stopped did not succeed", expects="another exit code than 0, or a model")
def ends_with_a_code(bench: Bench) -> Found:
    run = bench.stopped
    whole = run.code == 0 and bool(run.model)  # it may have been done when it was told
    return Found(run.code not in (0, None) or whole, f"exit code {run.code}")


def _failure(run: Run, judge: object) -> Found:
    if run.failure is None:
        return Found(False, "there is no failure file")
    kept, told = judge(run.failure.decode(errors="replace"))  # type: ignore[operator]
    return Found(kept, told)


def _refused(run: Run, *words: str) -> Found:
    """Whether the run failed, and its reason has one of the words."""
    text = (run.failure or b"").decode(errors="replace")
    named = any(word.lower() in text.lower() for word in words)
    first = text.splitlines()[0][:120] if text else "no failure file"
    return Found(run.code not in (0, None) and named, f"exit code {run.code}: {first}")
