"""Where rows come from, what must be true of them, how they are cut and encoded."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from keepfit.config.schema.table import Table
from keepfit.config.schema.texts import Text
from keepfit.config.values import FunctionPath, Holdout, Span
from keepfit.durations import Duration
from keepfit.records.base import Severity


class Sql(Table):
    """Rows that a database answers a query with."""

    sql: str
    """the query"""
    uri: str
    """the database: postgresql://…, sqlite:///…"""


Source = str | tuple[str, ...] | Sql


class Origin(Table):
    """What keepfit makes of rows that come from several places."""

    column: str
    """says where a row comes from: a column of the rows, of `query` or of `derive`"""
    authority: tuple[str, ...] = ()
    """whose rows decide: others with the same features are left out"""
    new_labels: tuple[str, ...] = ()
    """who may bring labels, if not all: rows of others with a label that none of these has are
    left out"""
    weight: dict[str, Annotated[int, Field(strict=True, ge=1, le=1000)]] = {}
    """how often a training row counts, by where it comes from; else once"""


# Tables of rules that are followed one after the other, by the key that tells their order.
ORDERS = {"derive_order": "derive", "clean_order": "clean"}


class Data(Table):
    """Where rows come from and what is done to them."""

    # in this order, or pydantic takes { sql, uri } for two sources of these names
    source: Annotated[Source | dict[str, Source], Field(union_mode="left_to_right")]
    """files, globs, s3:// gs:// az:// addresses, or a database; or several, by name"""
    query: str | None = None
    """SQL over the named sources that makes the rows; only where there are several"""
    types: dict[str, str] = {}
    """of columns that the file does not tell: integer, number, text, boolean, date, datetime"""
    time: str | None = None
    """the column that says when a row happened"""
    key: tuple[str, ...] = ()
    """the columns that name a row; else its whole content does"""
    window: Span | None = None
    """how far back training looks, counted from where the holdout begins"""
    clean: dict[str, str] = {}
    """named SQL conditions; rows for which one is false do not teach or judge; they are counted"""
    derive: dict[str, str] = {}
    """new columns as SQL expressions, the same in training and in serving"""
    origin: Origin | None = None
    """rows that come from several places: whose label counts, and how much each weighs"""
    text: dict[str, Text] = {}
    """by column: how its texts are cleaned, and which are refused; in training and in serving"""
    transform: FunctionPath | None = None
    """a Python function, LazyFrame to LazyFrame, the same in training and in serving"""

    @model_validator(mode="before")
    @classmethod
    def _in_the_order_of_the_file(cls, table: Any) -> Any:
        """Stored tables have sorted keys, and say beside them where that is not the order."""
        if not isinstance(table, dict):
            return table
        restored = dict(table)
        for key, rules in ORDERS.items():
            order, given = table.get(key), table.get(rules)
            if isinstance(order, list) and isinstance(given, dict) and {*order} == given.keys():
                restored[rules] = {name: given[name] for name in order}
                del restored[key]
        return restored

    @model_serializer(mode="wrap")
    def _with_the_order(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A rule may use those before it, so another order is another table."""
        table: dict[str, Any] = write(self)
        for key, rules in ORDERS.items():
            if (names := [*getattr(self, rules)]) != sorted(names):
                table[key] = names
        return table

    @property
    def sources(self) -> dict[str, Source]:
        """Every source by name; a single one is called `rows`."""
        return self.source if isinstance(self.source, dict) else {"rows": self.source}

    @field_validator("source")
    @classmethod
    def _sql_is_no_name(cls, source: Source | dict[str, Source]) -> Source | dict[str, Source]:
        if isinstance(source, dict) and "sql" in source:
            raise ValueError("has `sql`; expected `uri` beside it, and nothing else")
        return source

    @field_validator("key")
    @classmethod
    def _no_name_of_a_prediction(cls, key: tuple[str, ...]) -> tuple[str, ...]:
        for name in key:
            if name in {"prediction", "version"} or name.startswith("probability_"):
                raise ValueError(f"has `{name}`, a column that predictions add; rename it")
        return key

    @model_validator(mode="after")
    def _several_need_a_query(self) -> Self:
        if isinstance(self.source, dict) and len(self.source) > 1 and not self.query:
            raise ValueError("has several sources; expected a `query` that joins them")
        return self


class Checks(Table):
    """What must be true of the rows before anybody trains on them."""

    schema_: Severity = Field(default="fail", alias="schema")
    """columns and types as the last version's"""
    unique: Severity = "fail"
    """no two rows with the same key"""
    min_rows: Annotated[int, Field(ge=1)] | None = None
    """training rows at least"""
    nulls: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """the largest share of nulls of a column"""
    ranges: dict[str, tuple[float, float]] = {}
    """the least and the greatest value of a column; inf where there is no bound"""
    freshness: Span | None = None
    """how old the newest row may be"""
    severity: dict[Literal["rows", "nulls", "ranges", "freshness", "series"], Severity] = {}
    """what a finding of a check is: fail (the default), warn or note; series are those that a kind
    could not learn, or that mase leaves out: else note, or warn where they are many"""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The ranges outside which no row is trained on, nor answered."""
        return self.ranges if self.severity.get("ranges", "fail") == "fail" else {}


class Split(Table):
    """How the rows are cut into train, validation and holdout."""

    holdout: Holdout = 0.2
    """what judges: a span at the end of time, or a share of the rows"""
    validation: Holdout | None = None
    """what early stopping and tuning may see; cut from the training rows"""
    by: Literal["time", "random", "group", "column", "file"] | None = None
    """how rows are chosen; else: a span means time, a share means random"""
    group: str | None = None
    """for by = "group": rows alike in this column stay together"""
    column: str | None = None
    """for by = "column": holds train, validation or holdout (or true for the training rows)"""
    file: str | None = None
    """for by = "file": the holdout rows"""
    seed: int = 42
    """of the split and of the training"""

    @property
    def how(self) -> str:
        """The way rows are chosen, with the default worked out."""
        return self.by or ("time" if isinstance(self.holdout, Duration) else "random")

    @model_validator(mode="after")
    def _what_each_way_needs(self) -> Self:
        for way in ("group", "column", "file"):
            if self.by == way and not getattr(self, way):
                raise ValueError(f'has by = "{way}"; expected `{way}` beside it')
            if self.by != way and getattr(self, way):
                raise ValueError(f'has `{way}`; expected by = "{way}" beside it')
        if isinstance(self.holdout, Duration) and self.how != "time":
            raise ValueError(f'has a span as holdout; expected a share with by = "{self.by}"')
        return self


class Encode(Table):
    """How columns become numbers, for kinds that need numbers."""

    categorical: tuple[str, ...] = ()
    """columns read as categories although they hold numbers; text and booleans always are"""
    scale: bool | None = None
    """numeric columns to mean 0 and deviation 1; else as the kind wants"""
    missing: Literal["mean", "median", "zero", "fail"] = "mean"
    """what stands for a missing number; a missing category is a category of its own"""
    rare: Annotated[int, Field(ge=1)] = 1
    """categories with fewer training rows than this count as unseen"""
