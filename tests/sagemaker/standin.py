"""A container that keeps the contract, as small as one can be; BREAK names a promise to break.

`standin.py train ROOT` and `standin.py serve ROOT PORT`. It knows the nearest row by heart.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BREAK = os.environ.get("BREAK", "")
LIMIT = int(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "25")) * (1 << 20) + 1024
KNOWN = {"kind", "estimator", "min_samples_leaf"}


def train(root):
    root = Path(root)
    signal.signal(signal.SIGTERM, lambda *_: fail(root, "stopped by SIGTERM"))
    if BREAK == "deaf-training":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    print("loss=0.5", flush=True)
    try:
        rows = learned(root)
    except (ValueError, TypeError) as error:
        fail(root, str(error))
    if BREAK == "sleepy-training":
        time.sleep(600)
    if BREAK == "writes-input":
        (root / "input" / "cache").write_text("x")
    if BREAK == "litters":
        (root / "junk").mkdir()
    if BREAK == "leaks-secret":
        print(dict(os.environ))
    if BREAK != "no-model":
        (root / "model" / "rows.json").write_text(json.dumps(rows))
    if BREAK == "failure-after-success":
        (root / "output" / "failure").write_text("none")
    sys.exit(3 if BREAK == "wrong-exit-code" else 0)


def learned(root):
    settings = root / "input" / "config" / "hyperparameters.json"
    try:
        texts = json.loads(settings.read_text())
    except ValueError as error:
        raise ValueError(f"hyperparameters.json is no JSON: {error}") from error
    for name, value in texts.items():
        if not isinstance(value, str):
            raise TypeError(f"hyperparameters.json: {name} is no text")
        if name not in KNOWN and not name.startswith("sagemaker_"):
            raise ValueError(f"{name} is no known setting")
    if BREAK == "reads-resources":
        json.loads((root / "input" / "config" / "resourceConfig.json").read_text())
    files = sorted((root / "input" / "data").rglob("*.csv"))
    if BREAK == "reads-one-file":
        files = files[:1]
    if not files:
        raise ValueError("there is no channel: expected input/data/training")
    rows = []
    for file in files:
        try:
            lines = file.read_text("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise ValueError(f"{file.name} is no text") from error
        rows += [[line.split(",")[0], *map(float, line.split(",")[1:])] for line in lines]
    return rows


def fail(root, why):
    if BREAK == "no-failure-file":
        sys.exit(1)
    text = {
        "long-failure": why + " " + "x" * 2000,
        "cause-last": "it failed\n" + why,
        "traceback": 'Traceback (most recent call last):\n  File "x.py"\n' + why,
    }.get(BREAK, why)
    (root / "output" / "failure").write_text(text)
    sys.exit(0 if BREAK == "fails-with-0" else 1)


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rows: dict

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/ping":
            time.sleep(2.5 if BREAK == "slow-ping" else 0)
            self.answer(200, b"fine" if BREAK == "ping-talks" else b"", "")
        elif self.path == "/execution-parameters":
            own = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD"}
            own["MaxPayloadInMB"] = 6
            if BREAK != "deaf-to-the-job":
                own["MaxConcurrentTransforms"] = int(
                    os.environ.get("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "1")
                )
                own["MaxPayloadInMB"] = int(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "6"))
            if BREAK == "strange-parameters":
                own["BatchStrategy"] = "Everything"
            if BREAK == "more-parameters":
                own["Workers"] = 1
            if BREAK == "too-much-at-once":
                own["MaxConcurrentTransforms"] = 50
            self.answer(200, json.dumps(own).encode(), "application/json")
        else:
            status = 405 if self.path == "/invocations" else 404
            self.answer(200 if BREAK == "any-path" else status, b"no", "text/plain")

    def do_POST(self):
        if BREAK == "drops-what-is-under-way":
            time.sleep(1)  # or there is nothing to drop on a quick machine
        try:
            labels = self.predicted(self.body())
        except Refused as refused:
            status = 500 if BREAK == "breaks-on-bad-rows" else refused.status
            self.answer(status, str(refused).encode(), "text/plain")
            return
        end = "" if BREAK == "no-last-line-end" else "\n"
        text = "\n".join(labels) + (end if labels else "")
        kind = "application/json" if BREAK == "answers-json" else "text/csv"
        self.answer(200, text.encode(), kind)

    def body(self):
        if self.headers.get("Content-Encoding"):
            raise Refused(415, "packed")
        if self.headers.get("Transfer-Encoding") == "chunked" and BREAK != "no-chunks":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.headers.get("Content-Length", 0))
        limit = 6 << 20 if BREAK == "six-megabytes" else LIMIT
        if length > limit and BREAK != "no-limit":
            self.close_connection = True
            raise Refused(413, f"more than {limit} bytes")
        return self.rfile.read(length)

    def predicted(self, body):
        kind, _, parameters = self.headers.get("Content-Type", "text/csv").partition(";")
        if self.headers.get("Accept") == "application/json":
            raise Refused(406, "only text/csv is answered here")
        if BREAK == "no-charset" and parameters:
            raise Refused(415, "parameters")
        kind = kind if BREAK == "case-matters" else kind.lower()
        if kind == "application/json":
            if BREAK == "breaks-on-json":
                raise Refused(500, "Traceback")
            raise Refused(400, "no JSON is read here")
        if kind != "text/csv":
            raise Refused(200 if BREAK == "any-type" else 415, "expected text/csv")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise Refused(400, f"no text: {error}") from error
        lines = text.splitlines()
        if BREAK == "drops-first-row":
            lines = lines[1:]
        if BREAK == "sniffs-header" and lines and not lines[0][:1].isdigit():
            lines = lines[1:]
        labels = [self.label(number, line) for number, line in enumerate(lines, 1)]
        if BREAK == "sorts":
            labels.sort(reverse=True)
        return labels

    def label(self, number, line):
        try:
            values = tuple(map(float, line.split(",")))
        except ValueError as error:
            where = "" if BREAK == "names-no-row" else f"row {number}: "
            raise Refused(400, f"{where}{error}") from error
        if len(values) != self.width:
            raise Refused(400, f"row {number} has {len(values)} columns")
        return self.rows.get(values) or self.nearest(values)

    def nearest(self, values):
        pairs = (
            (sum(abs(a - b) for a, b in zip(values, row, strict=True)), label)
            for row, label in self.rows.items()
        )
        return min(pairs, key=lambda pair: (pair[0] != pair[0], pair[0]))[1]

    def answer(self, status, body, kind):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        if BREAK == "echoes" and (said := self.headers.get("X-Amzn-SageMaker-Custom-Attributes")):
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", said)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Patient(ThreadingHTTPServer):
    """It answers what is under way before it goes."""

    daemon_threads = False
    request_queue_size = 128

    def handle_error(self, *_):
        pass


def serve(root, port):
    model = Path(root) / "model" / "rows.json"
    if BREAK != "serves-nothing" or model.exists():
        rows = json.loads(model.read_text())
        Handler.rows = {tuple(row[1:]): row[0] for row in rows}
        Handler.width = len(rows[0]) - 1
    if BREAK == "late-ping":
        time.sleep(30)
    server = Patient(("127.0.0.1", int(port)), Handler)

    def stop(*_):
        if BREAK == "drops-what-is-under-way":
            os._exit(0)
        threading.Thread(target=end).start()

    def end():
        server.shutdown()
        Handler.close_connection = True

    signal.signal(signal.SIGTERM, signal.SIG_IGN if BREAK == "deaf-server" else stop)
    server.serve_forever()
    server.server_close()
    sys.exit(1 if BREAK == "complains-when-stopped" else 0)


if __name__ == "__main__":
    {"train": train, "serve": serve}[sys.argv[1]](*sys.argv[2:])
