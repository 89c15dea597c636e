"""How a column of text is cleaned before a model reads it, and which texts it does not answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from keepfit.config.schema.table import Table

Phrase = Annotated[str, Field(min_length=1)]
Characters = Annotated[int, Field(strict=True, ge=1)]
Language = Annotated[str, Field(pattern="^[a-z]{2}$")]


class Text(Table):
    """What happens to a text, in this order; in training and in serving."""

    strip: bool = True
    """outer spaces go, and runs of spaces, tabs and line ends become one space"""
    languages: tuple[Language, ...] = ()
    """of the texts that may come, by their two letters: ["en", "fr", "de"]"""
    language: Language | None = None
    """refuse a text that is three times as likely in another of `languages`"""
    lower: bool = False
    """capitals become small letters"""
    negations: bool | tuple[Phrase, ...] = False
    """take out what follows not, without, excluding, other than, …, or words of your own, up to
    the next comma, colon, full stop, semicolon, bracket or dash between spaces"""
    remove: tuple[Phrase, ...] = ()
    """phrases to take out wherever they stand as whole words, in capitals or small letters"""
    singular: bool = False
    """regular English plurals become singulars: shirts, boxes, berries"""
    min_length: Characters | None = None
    """refuse a text with fewer characters, and a missing one"""
    max_length: Characters | None = None
    """refuse a text with more characters"""
    reject: dict[str, Phrase] = {}
    """by name: regular expressions; a text in which one is found is refused by that name"""
    vague: tuple[Phrase, ...] = ()
    """whole texts that say too little: they are answered with nothing, in whatever capitals"""

    @model_validator(mode="after")
    def _a_language_is_one_of_several(self) -> Self:
        if self.language and len({*self.languages} - {self.language}) == 0:
            raise ValueError(
                f'has language = "{self.language}"; expected `languages` beside it, those that may '
                f'come: ["{self.language}", "fr", "de"]'
            )
        if self.languages and not self.language:
            raise ValueError("has `languages`; expected `language` beside it, the one to keep")
        if self.language and self.language not in self.languages:
            raise ValueError(f'has `languages` without its language "{self.language}"')
        if self.min_length and self.max_length and self.min_length > self.max_length:
            raise ValueError(
                f"has min_length = {self.min_length}, above max_length = {self.max_length}"
            )
        return self
