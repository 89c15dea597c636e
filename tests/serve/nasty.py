"""Requests that nobody means well: made from a grammar, damaged here and there, and seeded.

Of most the framing is right, so that each has its own answer; `broken` ends a connection.
"""

import json
import random
from dataclasses import dataclass

VALUES = [
    *(None, True, False, 0, 1, -1, 5, 100, 101, 2.0, 2.5, -0.0, 1e308, 1e-320, 10**18),
    *(2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, 3e38, 4e38),
    *("", " ", "5", "5.0", "queens", "Queens", "nan", "inf", "true", "2013-05-31", "\0", "\x7f"),
    *("\ud800", "é", "\u202e", "🚕" * 30, "x" * 5000, "=1+1", "a,b", 'a"b', "a\nb", "a\r\nb"),
    *([], [5], {}, {"a": 1}, [[[[]]]], {"distance_km": 5}),
]
SPELLED = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1E5", "01", "+1", ".5", "1.", "0x10"),
    *("null", "nul", "True", "undefined", "'5'", '"\\ud800"', '"\\u0000"', '"\\x"', '"', "", "-"),
    *("9" * 400, "0." + "1" * 400, "[" * 2000, '{"a":' * 2000, "[" * 500 + "]" * 500, "//", "1 2"),
]
CELLS = [
    *("", " ", "5", "5.0", " 5", "5 ", "5e0", "1e400", "nan", "NaN", "inf", "-inf", "Infinity"),
    *("-5", "+5", "05", "0x5", "5_0", "5,0", "101", "1" * 400, "9223372036854775808", "-0", ".5"),
    *("queens", '"queens"', '"a,b"', '"a""b"', '"a\nb"', '"', '""', 'a"b', "'5'", "true", "null"),
    *(
        "\0",
        "\x1a",
        "é",
        "\ufeff5",
        "５",
        "٣",
        "🚕",
        "x" * 3000,
        "\t",
        "\\N",
        "#",
        "1;2",
        "2013-05-31",
    ),
]
KINDS = [
    *("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/csv"),
    *("text/csv; header=present", "text/csv;header=absent", "text/csv; header=maybe", "text/plain"),
    *("application/jsonlines", "application/x-ndjson", "application/json; charset=utf-16", ""),
    *(";", "text/csv; header", 'text/csv; header="absent"', "multipart/form-data", "*/*", "\xff"),
]
ACCEPTS = [
    *("", "*/*", "text/csv", "text/csv; header=present", "application/json", "text/html", "text/*"),
    *("application/jsonlines", "text/html, application/json;q=0.1", "*/*;q=0", "a;q=nan", ",,;"),
    *("text/csv;q=x", "text/csv; header=7", "application/json;q=1e999", "\xff", "text/csv;q=-1"),
]
ATTRIBUTES = [
    "",
    "top_k=2",
    "top_k=-1",
    "probabilities=true,top_k=1",
    "probabilities=x",
    "a=b",
    ",",
]
QUERIES = [
    *("", "", "", "?", "?probabilities=true", "?top_k=2", "?top_k=999999", "?top_k=1e3", "?topk=1"),
    *("?prefix=2", "?prefix=1&top_k=2", "?prefix=-1", "?prefix=999999"),
    *("?probabilities=maybe", "?%ff=%00", "?top_k=%32", "?a&b&&=", "?probabilities=true&top_k=1"),
    *(
        "?top_k=" + "9" * 500,
        "?top_k=٣".encode().decode("latin-1"),
        "?probabilities",
        "?" + "&" * 99,
    ),
]
PATHS = [
    *("/", "/ping", "/healthz", "/model", "/models", "/models/fare", "/models/x", "/metrics"),
    *("/openapi.json", "/docs", "/models/", "/models//invocations", "/models/x/invocations"),
    *("/invocations/", "//invocations", "/%69nvocations", "/models/f%61re/invocations", "/x" * 90),
    *("/%00", "/%f0%9f%9a%95", "/models/%2e%2e/invocations", "/models/../fare", "/\xe9", "*"),
    *("http://a/models/fare/invocations", "/invocations;a", "/models/invocations", "/invocations"),
]
METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "POST"]


@dataclass(frozen=True)
class Model:
    """A model that is asked: its columns with a right value each, in order."""

    name: str
    row: dict

    @property
    def path(self):
        return f"/models/{self.name}/invocations"


@dataclass(frozen=True)
class Asked:
    """A request as bytes, and what must be known of it to read its answer."""

    data: bytes
    method: str = "POST"
    path: str = ""


class Nasty:
    """Makes requests by chance."""

    def __init__(self, models, seed):
        self.models, self.chance = models, random.Random(seed)

    def batch(self, count):
        """Requests for one connection, each with an answer."""
        return [self.asked() for _ in range(count)]

    def asked(self):
        """A request with right framing."""
        chance = self.chance
        if chance.random() < 0.08:
            method, path = chance.choice(METHODS), chance.choice(PATHS) + chance.choice(QUERIES)
            body = b"" if chance.random() < 0.5 else self.noise(40)
            return Asked(self._framed(method, path, body, "application/json"), method, path)
        model = chance.choice(self.models)
        kind, body = self.body(model)
        if chance.random() < 0.04:
            kind = chance.choice(KINDS)
        path = model.path + (chance.choice(QUERIES) if chance.random() < 0.1 else "")
        return Asked(self._framed("POST", path, body, kind), "POST", path)

    def broken(self):
        """A request, damaged as a whole: nobody knows where it ends."""
        return self._damaged(self.asked().data, most=4)

    def body(self, model):
        """A content type, and a body that may even be right."""
        make = self.chance.choice((self._json, self._json, self._lines, self._csv, self._csv))
        kind, body = make(model)
        return kind, self._damaged(body) if self.chance.random() < 0.12 else body

    def noise(self, most):
        return self.chance.randbytes(self.chance.randrange(most))

    def _framed(self, method, path, body, kind):
        chance = self.chance
        lines = [f"{method} {path} HTTP/1.1", "host: nasty"]
        lines += [f"content-type: {kind}"] if kind or chance.random() < 0.5 else []
        if chance.random() < 0.06:
            lines.append(f"accept: {chance.choice(ACCEPTS)}")
        if chance.random() < 0.04:
            lines.append(f"x-amzn-sagemaker-custom-attributes: {chance.choice(ATTRIBUTES)}")
        if chance.random() < 0.03:
            told = chance.choice(("a", "a b", "\xff", "x" * 200, '"', "", "\t"))
            lines.append(f"x-request-id: {told}")
        if chance.random() < 0.1:
            return _head([*lines, "transfer-encoding: chunked"]) + self._chunks(body)
        return _head([*lines, f"content-length: {len(body)}"]) + body

    def _chunks(self, body):
        said = b""
        while body:
            size = self.chance.randint(1, len(body))
            said += b"%x\r\n%s\r\n" % (size, body[:size])
            body = body[size:]
        return said + b"0\r\n\r\n"

    def _damaged(self, data, most=2):
        said, chance = bytearray(data), self.chance
        for _ in range(chance.randint(1, most)):
            at = chance.randrange(len(said) + 1)
            how = chance.randrange(5)
            if how == 0:
                del said[at:]
            elif how == 1:
                said[at:at] = chance.choice((b"\0", b"\xff", b"\xef\xbb\xbf", b'"', b"\r\n", b","))
            elif how == 2:
                said[at : at + 1] = self.noise(3)
            elif how == 3:
                said[at:at] = said[: chance.randint(1, 40)]
            else:
                del said[at : at + chance.randint(1, 9)]
        return bytes(said)

    def _value(self, right):
        if self.chance.random() < 0.75:
            return right
        return self.chance.choice(VALUES)

    def _record(self, model):
        chance, row = self.chance, {name: self._value(v) for name, v in model.row.items()}
        if chance.random() < 0.08:
            row.pop(chance.choice([*row]))
        if chance.random() < 0.08:
            row[chance.choice(("trip_id", "x", "", "\ud800", "fare", "borough", "y" * 300))] = (
                chance.choice(VALUES)
            )
        return row

    def _some(self):
        return self.chance.choice((0, 1, 1, 1, 2, 3, 5, 30))

    def _json(self, model):
        chance, how = self.chance, self.chance.randrange(10)
        if how < 4:
            told = json.dumps(self._record(model))
        elif how < 7:
            told = json.dumps([self._record(model) for _ in range(self._some())])
        elif how < 9:
            rows = [self._record(model) for _ in range(max(1, self._some()))]
            told = json.dumps({name: [row.get(name) for row in rows] for name in rows[0]})
        else:
            told = json.dumps(chance.choice(VALUES))
        if chance.random() < 0.1:
            told = told.replace("5", chance.choice(SPELLED), 1)
        return "application/json", told.encode()

    def _lines(self, model):
        lines = [json.dumps(self._record(model)) for _ in range(self._some())]
        if self.chance.random() < 0.2:
            lines.insert(0, self.chance.choice((*SPELLED, "", " ", "[]", "[{}]")))
        return "application/jsonlines", self.chance.choice(("\n", "\r\n", "\n\n")).join(
            lines
        ).encode()

    def _csv(self, model):
        chance, names = self.chance, [*model.row]
        if chance.random() < 0.1:
            chance.shuffle(names)
        rows = [self._cells(model, names) for _ in range(self._some())]
        head = [] if (bare := chance.random() < 0.4) else [self._names(names)]
        end = chance.choice(("\n", "\n", "\n", "\r\n", "\r", "\n\n"))
        text = end.join(",".join(row) for row in head + rows) + chance.choice(("", end))
        return f"text/csv; header={'absent' if bare else 'present'}", text.encode()

    def _names(self, names):
        if self.chance.random() < 0.85:
            return names
        odd = self.chance.choice(("", " x", "trip_id", names[0], '"distance_km"', "\0", "é" * 50))
        return [*names, odd] if self.chance.random() < 0.5 else [odd, *names[1:]]

    def _cells(self, model, names):
        chance = self.chance
        cells = [
            str(model.row[n]) if chance.random() < 0.75 else chance.choice(CELLS) for n in names
        ]
        return cells + chance.choice(CELLS).split(",") if chance.random() < 0.04 else cells


def _head(lines):
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
