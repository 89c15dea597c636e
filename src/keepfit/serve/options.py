"""What a request wants to hear beside the prediction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from keepfit.config.schema.serving import Answering
from keepfit.errors import guess
from keepfit.records.base import Label
from keepfit.serve.door.problems import BadRequest

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"  # what SageMaker lets through of a request
_NAMES = ("probabilities", "top_k", "prefix")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Options:
    """Of one request."""

    probabilities: bool = False
    top_k: int = 0
    prefix: int = 0  # of labels, so many characters; 0: the whole ones

    @classmethod
    def of(cls, answering: Answering) -> Options:
        """What the file of models says of all requests."""
        return cls(answering.probabilities, answering.top_k, answering.prefix)

    @property
    def plain(self) -> bool:
        """Whether the prediction alone is wanted, whole or not."""
        return not (self.probabilities or self.top_k)

    def asked(self, query: str, attributes: str = "") -> Options:
        """With what a request says: `probabilities=true`, `top_k=3`; BadRequest with a guess.

        Of the attributes, which others may use as well, what is not known is left alone.
        """
        options = self
        if attributes:
            pairs = (part.strip().partition("=") for part in attributes.split(","))
            known = ((key, value) for key, _, value in pairs if key in _NAMES)
            options = _with(options, known)
        if query:
            options = _with(options, parse_qsl(query, keep_blank_values=True))
        return options

    def for_classes(self, classes: Sequence[Label]) -> Options:
        """The same for a model of these classes; BadRequest where it has none, or none of text."""
        if self.plain and not self.prefix:
            return self
        if not classes:
            asked = f"prefix={self.prefix}: " if self.prefix else ""
            lacks = "labels" if self.plain else "probabilities"
            raise BadRequest.saying(f"{asked}this model predicts a number; it has no {lacks}")
        if self.prefix and not isinstance(classes[0], str):
            raise BadRequest.saying(f"prefix={self.prefix}: the labels of this model are no text")
        return self

    def within(self, count: int) -> Options:
        """The same where there are so many labels to rank."""
        return replace(self, top_k=count) if self.top_k > count else self


def _with(options: Options, pairs: Iterable[tuple[str, str]]) -> Options:
    for key, value in pairs:
        if key == "probabilities":
            if value.lower() not in _WORDS:
                raise BadRequest.saying(f"probabilities={value[:40]}; expected true or false")
            options = replace(options, probabilities=_WORDS[value.lower()])
        elif key in _NAMES:
            if not (value.isascii() and value.isdigit() and len(value) < 7):
                raise BadRequest.saying(f"{key}={value[:40]}; expected a whole number")
            many = int(value)
            prefix = key == "prefix"
            options = replace(options, prefix=many) if prefix else replace(options, top_k=many)
        else:
            raise BadRequest.saying(f"the query has `{key[:40]}`.{guess(key, _NAMES)}")
    return options
