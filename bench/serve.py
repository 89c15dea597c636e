"""Serving beside MLflow's server and a bare socket, on this machine in one run; needs `wrk`.

MLflow serves the same coefficients and the same scikit-learn model, from an environment of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from measure import Figure, run
from rivals import mlflow

COLUMNS = [f"f{i}" for i in range(10)]
ROW = {name: round(0.1 * place + 0.25, 2) for place, name in enumerate(COLUMNS)}
MANY = 100_000
SECONDS = 5
CONFIG = f"""
[project]
name = "served"

[project.serve]
access_log = false
max_body = 100_000_000

[defaults]
target = "y"
features = {json.dumps(COLUMNS)}
data = {{ source = "rows.parquet" }}
promote = {{ production = "auto" }}

[model.ridge]
kind = "ridge"

[model.trees]
kind = "sklearn"

[model.trees.params]
estimator = "sklearn.ensemble.HistGradientBoostingRegressor"
max_iter = 100
"""
MAKE = """
import numpy as np, polars as pl
chance = np.random.default_rng(7)
x = chance.normal(size=(20_000, 10))
y = x @ chance.normal(size=10) + 0.1 * chance.normal(size=20_000)
pl.DataFrame(x, schema=[f"f{i}" for i in range(10)]).with_columns(y=y).write_parquet("rows.parquet")
"""
THEIRS = """
import sys, mlflow.sklearn, pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
rows = pd.read_csv("rows.csv")
x, y = rows.drop(columns="y"), rows["y"]
mlflow.sklearn.save_model(Ridge(1.0).fit(x, y), "ridge")
trusted = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
trees = HistGradientBoostingRegressor(max_iter=100).fit(x, y)
mlflow.sklearn.save_model(trees, "trees", skops_trusted_types=trusted)
"""
BARE = """
import asyncio, sys
import httptools, uvloop
class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.parser = transport, httptools.HttpRequestParser(self)
    def data_received(self, data):
        self.parser.feed_data(data)
    def on_message_complete(self):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 3\\r\\n\\r\\n0.5")
async def main():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
uvloop.run(main())
"""
ONE = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
import polars as pl
from keepfit.lifecycle.open import open_reference
from keepfit.store.open import open_store
from keepfit.store.registry import Registry
registry = Registry(open_store("store"), clock=lambda: datetime.now(UTC), actor="bench")
stages = ("development", "staging", "production")
fitted = open_reference(registry, "trees@production", stages, Path()).predictor.fitted
bare, matrix = fitted.estimator, None
rows = pl.DataFrame([json.loads(sys.argv[1])])
import numpy as np
matrix = np.array([rows.row(0)])
took = []
for _ in range(300):
    begun = time.perf_counter()
    bare.predict(matrix)
    took.append(time.perf_counter() - begun)
print(sorted(took)[150])
"""


class Load(NamedTuple):
    """What wrk has measured."""

    speed: float  # requests a second
    middle: float  # seconds that half of them took at most
    p99: float


class Server(NamedTuple):
    """A server that answers."""

    port: int
    ready: float  # seconds from its start to its first good answer
    memory: float  # MB then, with its processes


def main(folder: Path) -> list[Figure]:
    """Requests and rows a second, waiting, start and memory."""
    if not shutil.which("wrk"):
        raise SystemExit("this benchmark sends its requests with wrk: apt-get install wrk")
    python = mlflow(folder)
    (folder / "keepfit.toml").write_text(CONFIG)
    run([sys.executable, "-c", MAKE], folder)
    write_csv = "import polars as pl; pl.read_parquet('rows.parquet').write_csv('rows.csv')"
    run([sys.executable, "-c", write_csv], folder)
    run([sys.executable, "-m", "keepfit", "run", "--quiet"], folder)
    run([str(python), "-c", THEIRS], folder)
    return [*_linear(folder, python), *_trees(folder, python)]


def _linear(folder: Path, python: Path) -> Iterator[Figure]:
    with (
        _bare(folder) as bare,
        _ours(folder, "ridge") as ours,
        _theirs(folder, python, "ridge") as mlf,
    ):
        one = _in_turns(folder, {"ours": ours, "mlflow": mlf, "bare": bare}, 16)
        yield _speed("one row of JSON, ridge, 16 connections", one, 28)
        yield Figure(
            "the same beside a bare socket that answers with a constant",
            f"{one['ours'].speed:,.0f}/s",
            f"bare {one['bare'].speed:,.0f}/s",
            f"{one['ours'].speed / one['bare'].speed:.2f}",
            "",
            None,
        )
        many = _in_turns(folder, {"ours": ours, "mlflow": mlf}, 64)
        yield Figure(
            "99 of 100 of them at 64 connections within",
            f"{many['ours'].p99 * 1000:.1f} ms",
            f"MLflow {many['mlflow'].p99 * 1000:.1f} ms",
            f"1/{many['mlflow'].p99 / many['ours'].p99:.0f}",
            "<= 1/25",
            many["mlflow"].p99 >= 25 * many["ours"].p99,
        )
        yield from _bulk(ours, mlf)
        yield from _start("linear", ours, mlf, 4.6 / 0.5, 70)


def _trees(folder: Path, python: Path) -> Iterator[Figure]:
    said = subprocess.run(
        [sys.executable, "-c", ONE, json.dumps(ROW)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # more only wait for each other over one row
        capture_output=True,
        text=True,
        check=True,
    )
    call = float(said.stdout)
    with _ours(folder, "trees") as ours, _theirs(folder, python, "trees") as mlf:
        one = _in_turns(folder, {"ours": ours}, 1)["ours"]
        yield Figure(
            "one row of JSON, boosted trees of scikit-learn, 1 connection",
            f"{one.middle * 1e6:,.0f} µs",
            f"bare predict {call * 1e6:,.0f} µs",
            f"{one.middle / call:.2f}",
            "<= 1.35",
            one.middle <= 1.35 * call,
        )
        many = _in_turns(folder, {"ours": ours, "mlflow": mlf}, 64)
        yield _speed("the same at 64 connections", many, 6)
        yield from _start("scikit-learn", ours, mlf, 4.6 / 1.7, 200)


def _speed(what: str, load: dict[str, Load], times: float) -> Figure:
    ours, theirs = load["ours"].speed, load["mlflow"].speed
    return Figure(
        what,
        f"{ours:,.0f}/s",
        f"MLflow {theirs:,.0f}/s",
        f"{ours / theirs:.1f}",
        f">= {times:g}",
        ours >= times * theirs,
    )


def _bulk(ours: Server, mlf: Server) -> Iterator[Figure]:
    rows = [ROW | {"f0": n / MANY} for n in range(MANY)]
    text = ",".join(COLUMNS) + "\n" + "".join(",".join(map(str, r.values())) + "\n" for r in rows)
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    split = {"columns": COLUMNS, "data": [list(row.values()) for row in rows]}
    csv, js = "text/csv", "application/json"
    asked = {
        "CSV": (csv, text, text, 2.3),
        "JSON that names the columns once": (js, columns, {"dataframe_split": split}, 5.0),
        "JSON that names them in each row": (js, rows, {"dataframe_records": rows}, 5.0),
    }
    for name, (kind, *bodies, times) in asked.items():
        took: dict[str, list[float]] = {"ours": [], "mlflow": []}
        mine, theirs = (_packed(body) for body in bodies)
        for _ in range(5):
            took["ours"].append(_seconds(ours, kind, mine))
            took["mlflow"].append(_seconds(mlf, kind, theirs))
        ours_, theirs_ = (MANY / statistics.median(took[one][1:]) for one in ("ours", "mlflow"))
        yield Figure(
            f"{MANY:,} rows in one request, {name}",
            f"{ours_:,.0f} rows/s",
            f"MLflow {theirs_:,.0f} rows/s",
            f"{ours_ / theirs_:.1f}",
            f">= {times:g}",
            ours_ >= times * theirs_,
        )


def _packed(body: object) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _start(what: str, ours: Server, mlf: Server, times: float, size: float) -> Iterator[Figure]:
    yield Figure(
        f"start to ready, {what}",
        f"{ours.ready:.2f} s",
        f"MLflow {mlf.ready:.2f} s",
        f"1/{mlf.ready / ours.ready:.0f}",
        f"<= 1/{times:.1f}",
        ours.ready * times <= mlf.ready,
    )
    yield Figure(
        f"memory then, {what}",
        f"{ours.memory:.0f} MB",
        f"MLflow {mlf.memory:.0f} MB",
        f"{ours.memory / mlf.memory:.2f}",
        f"<= {size:g} MB",
        ours.memory <= size,
    )


def _in_turns(folder: Path, servers: dict[str, Server], connections: int) -> dict[str, Load]:
    """The median of three rounds, one after the other."""
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for number in range(4):
        for name, server in servers.items():
            body = ROW if name != "mlflow" else {"dataframe_records": [ROW]}
            load = _load(folder, server.port, body, connections)
            if number:
                loads[name].append(load)
    return {
        name: Load(*(statistics.median(values) for values in zip(*some, strict=True)))
        for name, some in loads.items()
    }


def _load(folder: Path, port: int, body: object, connections: int) -> Load:
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = [[{json.dumps(body)}]]\n'
        'wrk.headers["Content-Type"] = "application/json"\n'
    )
    at = f"http://127.0.0.1:{port}/invocations"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script, at]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    speed = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    return Load(speed, _time(said, "50%"), _time(said, "99%"))


def _time(said: str, share: str) -> float:
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", said).groups()
    return float(value) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]


def _seconds(server: Server, kind: str, body: bytes) -> float:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/invocations", body, {"content-type": kind}
    )
    begun = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
    return time.perf_counter() - begun


def _memory(pid: int) -> float:
    """MB that a process and its children hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
    return own + sum(_memory(int(child)) for child in children)


def _ours(folder: Path, model: str) -> object:
    return _server(
        folder, [sys.executable, "-m", "keepfit", "serve", f"{model}@production"], "--port"
    )


def _theirs(folder: Path, python: Path, model: str) -> object:
    command = [
        str(python),
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        model,
        "--env-manager",
        "local",
    ]
    return _server(folder, command, "--port")


def _bare(folder: Path) -> object:
    return _server(folder, [sys.executable, "-c", BARE], None)


@contextmanager
def _server(folder: Path, command: Sequence[str], flag: str | None) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    with (
        (folder / "errors").open("ab") as errors,
        subprocess.Popen(
            [*command, *([flag] if flag else []), str(port)],
            cwd=folder,
            stdout=errors,
            stderr=errors,
            env={
                **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
                "MLFLOW_DISABLE_TELEMETRY": "true",
                # MLflow starts uvicorn by its name
                "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}",
            },
            process_group=0,
        ) as process,
    ):
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - begun > 120:
                    raise SystemExit((folder / "errors").read_text()[-2000:])
                time.sleep(0.005)
            ready = time.perf_counter() - begun
            yield Server(port, ready, _memory(process.pid))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 15)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
