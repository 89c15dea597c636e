"""What a job that failed leaves: the cause first, in 1,024 characters, and no secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from keepfit.errors import ConfigError, KeepfitError

LONGEST = 1024  # characters that SageMaker shows
_HIDDEN = "***"
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|SIGNATURE", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(
    r"(?<=[?&])([\w.-]*(?:key|secret|token|sig|signature|passw\w*)=)[^&\s]+", re.IGNORECASE
)
_SHORTEST = 4  # characters; to hide a shorter text would hide words


def secrets_in(environ: Mapping[str, str]) -> frozenset[str]:
    """What variables hold whose names say that it is secret."""
    return frozenset(value for name, value in environ.items() if _SECRET.search(name))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without secrets, and without what addresses tell of users and keys."""
    for secret in sorted(secrets, key=len, reverse=True):  # the longer may hold the shorter
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    return _QUERY.sub(rf"\1{_HIDDEN}", _USER.sub(f"{_HIDDEN}@", text))


def hide(error: BaseException, secrets: Collection[str]) -> None:
    """The error tells no secret from here on; the log is read by more people than the job."""
    if isinstance(error, KeepfitError):
        error.args = (redacted(str(error), secrets),)
        error.hint = error.hint and redacted(error.hint, secrets)


def told(error: BaseException, secrets: Collection[str]) -> str:
    """The error as the failure file tells it."""
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        text = f"{len(error.problems)} problems, the first: {error}"
    elif isinstance(error, KeepfitError | KeyboardInterrupt):
        text = str(error) or "stopped by hand"
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename or 'the output'}: {error.strerror}"
    else:
        text = f"a bug in keepfit: {type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, KeepfitError) else None
    whole = redacted(f"{text}\nnext: {hint}" if hint else text, secrets)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def write_failure(file: Path, text: str) -> None:
    """Leave the text where SageMaker looks for it; what cannot be written is in the log as well."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
