"""MLflow's registry in SQLite, run by MLflow's own Python: python rival_mlflow.py PAYLOAD."""

from __future__ import annotations

import contextlib
import logging
import sys

from answering import answer_all
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

MODEL, ALIAS = "fare", "production"
DATABASE = "sqlite:///mlflow.db"  # in the working directory


class Mlflow:
    """A model of which version after version is logged, in one run: that saves MLflow time."""

    def __init__(self, payload: str) -> None:
        self._payload = payload
        self._client = MlflowClient(DATABASE, DATABASE)
        with contextlib.suppress(MlflowException):  # somebody was quicker
            self._client.create_registered_model(MODEL)
        self._client.get_registered_model(MODEL)
        self._run = self._client.create_run("0").info
        self._done = 0

    def publish(self) -> None:
        place = str(self._done)
        self._client.log_artifacts(self._run.run_id, self._payload, place)
        source = f"{self._run.artifact_uri}/{place}"
        self._newest = self._client.create_model_version(MODEL, source, self._run.run_id).version
        self._done += 1

    def promote(self) -> None:
        self._client.set_registered_model_alias(MODEL, ALIAS, self._newest)

    def resolve(self) -> None:
        assert self._client.get_model_version_by_alias(MODEL, ALIAS).version == self._newest


if __name__ == "__main__":
    logging.disable(logging.ERROR)  # it tells of each migration of its database
    answer_all(lambda: Mlflow(sys.argv[1]))
