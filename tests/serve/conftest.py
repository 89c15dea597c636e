"""A project with two versions of a model that answer differently, and servers as real processes."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keepfit.store.open import open_store
from keepfit.store.registry import Registry

CONFIG = """\
[project]
name = "taxi"

[model.fare]
kind = "ridge"
target = "fare"
features = ["distance_km", "borough", "riders"]

[model.fare.data]
source = "trips.csv"
key = ["trip_id"]

[model.fare.checks.ranges]
distance_km = [0, 100]

[model.fare.params]
alpha = 0.1

[model.fare.promote]
production = "auto"

[model.borough]
kind = "logistic"
target = "borough"
features = ["distance_km", "fare"]

[model.borough.data]
source = "trips.csv"
key = ["trip_id"]

[model.borough.promote]
production = "auto"
"""
SECONDS = 60.0  # in which whatever is waited for must have come, on a busy machine


def trips(count=300):
    """Made-up trips: the fare is 3 and 2 a kilometre, and more in Queens, give or take."""
    lines = ["trip_id,distance_km,borough,riders,fare"]
    for trip in range(count):
        km, borough = 1 + trip * 7 % 19, ("bronx", "queens", "kings")[trip % 3]
        fare = 3 + 2 * km + 4 * (trip % 3 == 1) + trip * 13 % 5 / 10
        lines.append(f"{trip},{km},{borough},{1 + trip % 4},{fare}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def version(self):
        return self.headers.get("x-keepfit-model", "").partition("@")[2]


class Client:
    """One connection that is kept alive; opened again where the server has closed it."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def ask(self, method, path, body=None, kind="application/json", **headers):
        given = {"content-type": kind} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        self.connection.request(method, path, body, given)
        said = self.connection.getresponse()
        names = {name.lower(): value for name, value in said.getheaders()}
        return Answer(said.status, names, said.read())

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, body, path="/invocations", kind="application/json", **headers):
        return self.ask("POST", path, body, kind, **headers)


@dataclass
class Serving:
    """`keepfit serve` as a process of its own."""

    process: subprocess.Popen
    port: int
    folder: Path
    closing: contextlib.ExitStack

    def client(self):
        client = Client(self.port)
        self.closing.callback(client.connection.close)
        return client

    def stop(self, number=signal.SIGTERM):
        """Its exit code, once it was told to stop."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    @property
    def said(self):
        return (self.folder / "serve.err").read_text()

    @property
    def access(self):
        return [json.loads(line) for line in (self.folder / "serve.out").read_text().splitlines()]

    def until(self, true, what="it"):
        """Wait until something holds."""
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end, f"{what} did not come: {self.said}"
            time.sleep(0.02)


@dataclass(frozen=True)
class Taxi:
    """The project's folder."""

    root: Path

    def keepfit(self, *arguments):
        plain = {name: text for name, text in os.environ.items() if not name.startswith("KEEPFIT")}
        done = subprocess.run(
            [sys.executable, "-m", "keepfit", *map(str, arguments)],
            cwd=self.root,
            env=plain,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 3), done.stderr  # a gate may refuse
        return done.stdout

    def edit(self, old, new):
        text = (self.root / "keepfit.toml").read_text()
        assert old in text
        (self.root / "keepfit.toml").write_text(text.replace(old, new))

    def registry(self):
        store = open_store(str(self.root / "store"))
        return Registry(store, clock=lambda: datetime.now(UTC), actor="test")

    def promote(self, version, model="fare"):
        """Let production point at the version, whatever any gate says."""
        registry = self.registry()
        held = registry.state(model).stages["production"]
        registry.promote(model, version, "production", expect=held.seq, how="force")

    @property
    def versions(self):
        """Both versions of `fare`, the older first."""
        return sorted(self.registry().state("fare").versions.recent)


@pytest.fixture(scope="session")
def once_taxi(tmp_path_factory):
    """The project after two trainings of `fare`; to be copied, never changed."""
    taxi = Taxi(tmp_path_factory.mktemp("serving") / "taxi")
    taxi.root.mkdir()
    (taxi.root / "keepfit.toml").write_text(CONFIG)
    (taxi.root / "trips.csv").write_text(trips())
    taxi.keepfit("run")
    taxi.edit("alpha = 0.1", "alpha = 1000.0")
    taxi.keepfit("run", "fare")
    return taxi


@pytest.fixture
def taxi(once_taxi, tmp_path):
    """Two versions of `fare`, the first in production, and one of `borough`."""
    shutil.copytree(once_taxi.root, tmp_path / "taxi")
    return Taxi(tmp_path / "taxi")


@pytest.fixture
def serve():
    """Start `keepfit serve` in a project's folder; what still runs at the end is killed."""
    with contextlib.ExitStack() as stack:

        def start(taxi, *arguments, environ=None):
            out = stack.enter_context((taxi.root / "serve.out").open("wb"))
            err = stack.enter_context((taxi.root / "serve.err").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "keepfit", "serve", *arguments, "--port", "0"],
                cwd=taxi.root,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            serving = Serving(process, 0, taxi.root, stack)
            stack.callback(process.wait)
            stack.callback(process.kill)
            at = re.compile(r" at http://127\.0\.0\.1:(\d+);")
            serving.until(lambda: at.search(serving.said) or process.poll() is not None, "it")
            assert process.poll() is None, serving.said
            serving.port = int(at.search(serving.said)[1])
            return serving

        yield start


@pytest.fixture
def ended():
    """A server that cannot begin: its exit code and what it said."""

    def end(taxi, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "keepfit", "serve", *arguments],
            cwd=taxi.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode, done.stderr

    return end
