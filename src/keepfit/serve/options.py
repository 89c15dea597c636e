"""What a request wants to hear beside the prediction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from keepfit.config.schema.serving import Answering
from keepfit.errors import guess
from keepfit.serve.door.problems import BadRequest

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"  # what SageMaker lets through of a request
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Options:
    """Of one request."""

    probabilities: bool = False
    top_k: int = 0

    @classmethod
    def of(cls, answering: Answering) -> Options:
        """What the file of models says of all requests."""
        return cls(answering.probabilities, answering.top_k)

    @property
    def plain(self) -> bool:
        """Whether the prediction alone is wanted."""
        return not (self.probabilities or self.top_k)

    def asked(self, query: str, attributes: str = "") -> Options:
        """With what a request says: `probabilities=true`, `top_k=3`; BadRequest with a guess.

        Of the attributes, which others may use as well, what is not known is left alone.
        """
        options = self
        if attributes:
            pairs = (part.strip().partition("=") for part in attributes.split(","))
            known = ((key, value) for key, _, value in pairs if key in ("probabilities", "top_k"))
            options = _with(options, known)
        if query:
            options = _with(options, parse_qsl(query, keep_blank_values=True))
        return options

    def for_classes(self, count: int) -> Options:
        """The same for a model of so many classes; BadRequest where it has none."""
        if self.plain:
            return self
        if not count:
            raise BadRequest.saying("this model predicts a number; it has no probabilities")
        return replace(self, top_k=min(self.top_k, count))


def _with(options: Options, pairs: Iterable[tuple[str, str]]) -> Options:
    for key, value in pairs:
        if key == "probabilities":
            if value.lower() not in _WORDS:
                raise BadRequest.saying(f"probabilities={value[:40]}; expected true or false")
            options = replace(options, probabilities=_WORDS[value.lower()])
        elif key == "top_k":
            if not (value.isascii() and value.isdigit() and len(value) < 7):
                raise BadRequest.saying(f"top_k={value[:40]}; expected a whole number")
            options = replace(options, top_k=int(value))
        else:
            known = ("probabilities", "top_k")
            raise BadRequest.saying(f"the query has `{key[:40]}`.{guess(key, known)}")
    return options
