"""The grammar of models, stages, versions and references; `parse` and `str` are inverses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from keepfit.errors import UserError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LABEL = re.compile(r"[0-9a-f]{4,40}|x[0-9a-f]{6}")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)-([0-9a-f]{7,40}|x[0-9a-f]{6})")
_NUMBERS = re.compile(r"(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d*)){0,2}")

NAME_RULE = "1 to 63 of a-z, 0-9, - and _, beginning with a letter or a digit"
LATEST = "latest"


def check_name(what: str, name: str) -> str:
    """`name`, if it follows the grammar of names; UserError with the rule if not."""
    if not _NAME.fullmatch(name):
        raise UserError(f"`{name}` cannot name a {what}: expected {NAME_RULE}")
    return name


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version's number and label; ordered by the number alone, the label says which code."""

    major: int
    minor: int
    patch: int
    label: str = field(default="", compare=False)  # short git sha, or x and six digits

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version written `1.4.13-aff1242`; UserError if it is not one."""
        match = _VERSION.fullmatch(text)
        if not match:
            raise UserError(f"`{text}` is not a version: expected one such as 1.4.13-aff1242")
        return cls(int(match[1]), int(match[2]), int(match[3]), match[4])

    @property
    def number(self) -> str:
        """`1.4.13`: what people call it."""
        return f"{self.major}.{self.minor}.{self.patch}"

    def __str__(self) -> str:
        return f"{self.number}-{self.label}"

    def bump(self, level: str, label: str) -> Version:
        """The next version after this one for a `major`, `minor` or `patch` change."""
        if level == "major":
            return Version(self.major + 1, 0, 0, label)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0, label)
        return Version(self.major, self.minor, self.patch + 1, label)


@dataclass(frozen=True, slots=True)
class Reference:
    """What somebody calls a version: `fare@production`, `fare@1.4`, `fare@latest`."""

    model: str
    selector: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that `text` spells; UserError with the spelling if it spells none."""
        model, at, selector = text.partition("@")
        plausible = (
            _NAME.fullmatch(selector)
            or _VERSION.fullmatch(selector)
            or _NUMBERS.fullmatch(selector)
        )
        if not (at and _NAME.fullmatch(model) and plausible):
            raise UserError(
                f"`{text}` is not a reference",
                hint="write MODEL@STAGE, MODEL@1.4.13, MODEL@1.4, MODEL@aff1242 or MODEL@latest",
            )
        return cls(model, selector)

    def __str__(self) -> str:
        return f"{self.model}@{self.selector}"

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """The one to three numbers the selector gives, or None where it gives a name or label."""
        if _NUMBERS.fullmatch(self.selector):
            return tuple(map(int, self.selector.split(".")))
        return None

    @property
    def may_be_label(self) -> bool:
        """Whether the selector could be the label of a version."""
        return _LABEL.fullmatch(self.selector) is not None

    def selects(self, version: Version) -> bool:
        """Whether `version` answers to this selector by number or label (stages are the log's)."""
        if self.numbers is not None:
            mine = (version.major, version.minor, version.patch)
            return mine[: len(self.numbers)] == self.numbers
        if self.selector in (LATEST, str(version)):
            return True
        return self.may_be_label and version.label.startswith(self.selector)
