"""From a request to its answer: routes, the key, and who predicts."""

from __future__ import annotations

import hmac
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from keepfit.config.schema.serving import Serve
from keepfit.errors import RowsRefused, UserError
from keepfit.serve.answer import Predicted, written
from keepfit.serve.door.problems import BadRequest, unanswered
from keepfit.serve.door.rows import Rows
from keepfit.serve.http.wire import Reply, Request, Response
from keepfit.serve.joining import Job, Joiner
from keepfit.serve.media import TYPES, Media, accepted, media_of
from keepfit.serve.metrics import Metrics
from keepfit.serve.openapi import openapi
from keepfit.serve.options import ATTRIBUTES, Options
from keepfit.serve.page import page
from keepfit.serve.served import Served
from keepfit.serve.slots import Slot, Slots
from keepfit.serve.told import JSON, about, failed, refused, say, told

HEALTH = frozenset({"/ping", "/healthz", "/readyz"})  # answered whatever the pressure, without key
LARGE = 64 * 1024  # bytes of a body that is read, predicted and written in the thread
Extra = Mapping[str, Callable[[Request], Response]]  # further routes of a face, all GET


@dataclass(frozen=True, slots=True)
class Question:
    """An invocation, as far as it can be understood without its rows."""

    request: Request
    served: Served
    media: Media
    answer: Media
    options: Options


@dataclass(slots=True)
class Application:
    """Answers the requests of one process."""

    slots: Slots
    settings: Serve
    joiner: Joiner
    metrics: Metrics
    errors: IO[str]  # where bugs are told
    header: bool = True  # whether CSV that says nothing of it has a row of names
    extra: Extra = field(default_factory=dict)
    heard: Callable[[Served, Rows, Predicted], None] | None = None  # the prediction log
    under_way: int = 0
    draining: bool = False

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer, now or once it is predicted."""
        path = request.path
        if path in HEALTH:
            reply(self._health(request))
            return
        if self.settings.api_key and not self._knows_key(request):
            reply(
                failed(
                    request,
                    401,
                    "the API key is missing or another; send it as `Authorization: Bearer KEY`",
                    (("www-authenticate", "Bearer"),),
                )
            )
            return
        if path == "/invocations":
            self._invoked(request, reply, self.slots.only)
        elif path.startswith("/models/") and path.endswith("/invocations"):
            self._invoked(request, reply, self.slots.by_name.get(path[8:-12]))
        else:
            reply(self._looked(request))

    # --- what is there ---------------------------------------------------------------------------

    def _health(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _not_allowed(request, "GET, HEAD")
        if self.slots.ready:
            return Response(200)
        return failed(request, 503, "no model is loaded yet", (("retry-after", "1"),))

    def _looked(self, request: Request) -> Response:
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self._index,
            "/model": lambda r: self._about(r, self.slots.only),
            "/models": lambda _: told([about(one) for one in self.slots.loaded.values()]),
            "/metrics": self._metrics,
            "/openapi.json": lambda _: told(self._openapi()),
            "/docs": lambda _: Response(200, page(self._openapi()), "text/html; charset=utf-8"),
            **self.extra,
        }
        show = pages.get(request.path)
        if show is None and request.path.startswith("/models/"):
            show = lambda r: self._about(r, self.slots.by_name.get(r.path[8:]))  # noqa: E731
        if show is None:
            known = ", ".join(["/invocations", *pages])
            return failed(request, 404, f"there is no {_cut(request.path)}; there are {known}")
        if request.method not in ("GET", "HEAD"):
            return _not_allowed(request, "GET, HEAD")
        return show(request)

    def _index(self, request: Request) -> Response:  # noqa: ARG002 a page as the others
        names = [served.name for served in self.slots.loaded.values()]
        routes = ["/invocations", "/model", "/models", "/metrics", "/openapi.json", "/docs"]
        return told({"models": names, "routes": routes})

    def _about(self, request: Request, slot: Slot | None) -> Response:
        if slot is None:
            return self._which(request)
        if slot.served is None:
            return _not_yet(request)
        alarm = {"alarm": slot.alarm} if slot.alarm else {}
        return told(about(slot.served) | alarm)

    def _metrics(self, request: Request) -> Response:  # noqa: ARG002 a page as the others
        self.metrics.set("keepfit_requests_in_flight", self.under_way)
        versions = {name: served.version for name, served in self.slots.loaded.items()}
        text = self.metrics.text(versions).encode()
        return Response(200, text, "text/plain; version=0.0.4; charset=utf-8")

    def _openapi(self) -> dict[str, object]:
        several = len(self.slots.by_name) > 1
        key = self.settings.api_key is not None
        return openapi(self.slots.loaded, several=several, key=key)

    # --- predictions -----------------------------------------------------------------------------

    def _invoked(self, request: Request, reply: Reply, slot: Slot | None) -> None:
        if request.method != "POST":
            reply(_not_allowed(request, "POST"))
        elif slot is None:
            reply(self._which(request))
        elif slot.served is None:
            reply(_not_yet(request))
        elif self.under_way >= self.settings.max_waiting or self.joiner.pressed:
            busy = "too many requests are under way; try again"
            reply(failed(request, 503, busy, (("retry-after", "1"),)))
        else:
            self._ask(request, reply, slot.served)

    def _ask(self, request: Request, reply: Reply, served: Served) -> None:
        try:
            question = _understood(request, served)
            if len(request.body) > LARGE:
                self._ask_alone(question, reply)
                return
            rows = served.read(request.body, question.media, header=self.header)
        except BaseException as error:  # noqa: BLE001 a panic of polars is no Exception
            reply(_by(served, self._in_words(request, error)))
            return
        self.under_way += 1

        def done(said: Predicted | BaseException) -> None:
            self.under_way -= 1
            reply(self._answered(question, rows, said))

        self.joiner.add(Job(served, rows, done))

    def _ask_alone(self, question: Question, reply: Reply) -> None:
        self.under_way += 1

        def done(said: Response | BaseException) -> None:
            self.under_way -= 1
            if isinstance(said, BaseException):
                said = _by(question.served, self._in_words(question.request, said))
            reply(said)

        self.joiner.alone(lambda: self._alone(question), done)

    def _alone(self, question: Question) -> Response:
        """All of a large request, in the thread."""
        served, body = question.served, question.request.body
        rows = served.read(body, question.media, header=self.header)
        return self._answered(question, rows, served.predict_exactly(rows))

    def _answered(
        self, question: Question, rows: Rows, said: Predicted | BaseException
    ) -> Response:
        served, form = question.served, question.answer.form
        if isinstance(said, BaseException):
            return _by(served, self._in_words(question.request, said))
        try:
            if self.heard:
                self.heard(served, rows, said)
            body = written(
                served.at_prefix(said, question.options.prefix),
                question.options,
                question.answer,
                served.version,
                single=rows.single,
            )
        except BaseException as error:  # noqa: BLE001 who waits beside it must hear, too
            return _by(served, self._in_words(question.request, error))
        return _by(served, Response(200, body, TYPES[form], rows=len(said.values)))

    def _in_words(self, request: Request, error: BaseException) -> Response:
        if isinstance(error, BadRequest):
            return refused(request, error)
        if isinstance(error, RowsRefused):
            return refused(request, unanswered(error))
        if isinstance(error, UserError):
            return failed(request, 400, f"the rows cannot be predicted: {error}")
        told_ = "".join(traceback.format_exception(error))
        say(self.errors, f"keepfit: request {request.id} failed:\n{told_}")
        return failed(request, 500, "the model failed; the server's log tells more of this request")

    def _which(self, request: Request) -> Response:
        known = ", ".join(f"/models/{name}/invocations" for name in self.slots.by_name)
        return failed(request, 404, f"there is no {_cut(request.path)}; there are {known}")

    def _knows_key(self, request: Request) -> bool:
        given = request.headers.get("x-api-key", "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given = token.strip()
        return hmac.compare_digest(given.encode(), (self.settings.api_key or "").encode())


def _understood(request: Request, served: Served) -> Question:
    media = media_of(request.headers.get("content-type", ""))
    answer = accepted(request.headers.get("accept", ""), media)
    options = served.options.asked(request.query, request.headers.get(ATTRIBUTES, ""))
    return Question(request, served, media, answer, options.for_classes(served.classes))


def _by(served: Served, response: Response) -> Response:
    """An answer with the version that gives it."""
    response.headers = (*response.headers, ("x-keepfit-model", served.name))
    response.model = served.name
    return response


def _not_allowed(request: Request, methods: str) -> Response:
    text = f"{_cut(request.path)} takes {methods}"
    return failed(request, 405, text, (("allow", methods),))


def _not_yet(request: Request) -> Response:
    return failed(request, 503, "the model is not loaded yet", (("retry-after", "1"),))


def _cut(path: str) -> str:
    return path if len(path) <= 100 else f"{path[:100]}…"


__all__ = ["HEALTH", "JSON", "Application"]
