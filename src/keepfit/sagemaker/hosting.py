"""What SageMaker tells a container that serves, by its environment; and what that answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from keepfit.config.schema.serving import Serve
from keepfit.errors import UserError

PORT, WORKERS = "SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_MODEL_SERVER_WORKERS"
BATCH, STRATEGY = "SAGEMAKER_BATCH", "SAGEMAKER_BATCH_STRATEGY"
PAYLOAD, CONCURRENT = "SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"
_PORT = 8080  # of every container
_STRATEGIES = ("MULTI_RECORD", "SINGLE_RECORD")
_SAME = {word.replace("_", ""): word for word in _STRATEGIES}
_MB = 1 << 20
_SLACK = 1024  # bytes beyond the limit that still pass: how a payload is counted is not told
_ENDPOINT, _ALL = 25, 100  # MB of a payload of an endpoint; of all payloads of a batch at a time
_UNBOUNDED = 1 << 30  # bytes, where a batch sets no bound: memory has one
_ANSWER, _ANSWER_IN_BATCH = 60.0, 600.0  # seconds that an answer may take


@dataclass(frozen=True, slots=True)
class Hosting:
    """How a container serves."""

    port: int = _PORT
    workers: int = 1  # processes
    batch: bool = False  # a batch transform asks, no endpoint
    payload: int | None = None  # MB, as the job says; 0: no bound
    strategy: str | None = None  # as the job says
    concurrent: int | None = None  # requests at a time, as the job says

    @property
    def settings(self) -> Serve:
        """The same for the server."""
        megabytes = _ENDPOINT if self.payload is None else self.payload
        return Serve(
            host="0.0.0.0",  # noqa: S104 a container answers whoever is let in
            port=self.port,
            workers=self.workers,
            max_body=megabytes * _MB + _SLACK if megabytes else _UNBOUNDED,
            total_seconds=_ANSWER_IN_BATCH if self.batch else _ANSWER,
        )

    @property
    def parameters(self) -> dict[str, int | str]:
        """What `GET /execution-parameters` says: what the job says, else what fits this container.

        SageMaker takes no more than 100 MB of all payloads together.
        """
        at_once = self.workers if self.concurrent is None else self.concurrent
        fits = max(1, min(_ENDPOINT, _ALL // max(1, at_once)))
        return {
            "MaxConcurrentTransforms": at_once,
            "BatchStrategy": self.strategy or _STRATEGIES[0],
            "MaxPayloadInMB": fits if self.payload is None else self.payload,
        }


def hosting_of(environ: Mapping[str, str]) -> Hosting:
    """How the environment wants it; UserError for what it cannot mean."""
    # The API calls it MultiRecord, the environment MULTI_RECORD.
    strategy = environ.get(STRATEGY) or None
    if strategy and strategy.upper().replace("_", "") not in _SAME:
        raise UserError(f"{STRATEGY} is '{strategy}'; expected {' or '.join(_STRATEGIES)}")
    return Hosting(
        port=_number(environ, PORT, 0, 65535) or _PORT,
        workers=_number(environ, WORKERS, 1, 256) or _usable_processors(),
        batch=environ.get(BATCH, "").lower() == "true",
        payload=_number(environ, PAYLOAD, 0, 10_000),
        strategy=_SAME[strategy.upper().replace("_", "")] if strategy else None,
        concurrent=_number(environ, CONCURRENT, 0, 10_000) or None,
    )


def _number(environ: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    if not least <= number <= most:
        raise UserError(f"{name} is '{text}'; expected a whole number from {least} to {most}")
    return number


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
