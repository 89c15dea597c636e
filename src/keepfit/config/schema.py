"""What `keepfit.toml` may say: name, type, default and meaning of every key."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from keepfit.config.meaning import explained
from keepfit.config.values import Cron, FunctionPath, Holdout, Span
from keepfit.durations import Duration
from keepfit.records import Severity

CHAMPION, BASELINE = "champion", "baseline"  # what a rule may be held against, beside versions
_PINNED = re.compile(r"\d+\.\d+\.\d+(-[0-9a-f]{7,40}|-x[0-9a-f]{6})?")


class Table(BaseModel):
    """A table of the file: frozen, and a key it does not know is an error."""

    # JSON knows no infinity: it comes as a text there, and is read back from it
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, ser_json_inf_nan="strings"
    )

    def plain(self) -> dict[str, Any]:
        """The table as JSON holds it, its keys as the file spells them."""
        table: dict[str, Any] = msgspec.json.decode(self.model_dump_json(by_alias=True))
        return table

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return explained(cls, core, handler)


class Sql(Table):
    """Rows that a database answers a query with."""

    sql: str
    """the query"""
    uri: str
    """the database: postgresql://…, sqlite:///…"""


Source = str | tuple[str, ...] | Sql


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
    """named SQL conditions; training rows for which one is not true are removed and counted"""
    derive: dict[str, str] = {}
    """new columns as SQL expressions, the same in training and in serving"""
    transform: FunctionPath | None = None
    """a Python function, LazyFrame to LazyFrame, the same in training and in serving"""

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
    severity: dict[Literal["rows", "nulls", "ranges", "freshness"], Severity] = {}
    """what a finding of a check is: fail (the default), warn or note"""

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


class Rule(Table):
    """One bound on a metric: absolute, or against the champion, the baseline or a version."""

    metric: str
    """its name"""
    min: float | None = None
    """not below"""
    max: float | None = None
    """not above"""
    max_drop: Annotated[float, Field(ge=0)] | None = None
    """not worse than what it is held against by more, in the metric's own unit"""
    min_gain: Annotated[float, Field(ge=0)] | None = None
    """better than what it is held against by at least this, in the metric's own unit"""
    against: str = CHAMPION
    """what max_drop and min_gain are held against: champion, baseline, or a version as 1.4.2"""
    severity: Severity = "fail"
    """what it is when broken: fail, warn (a person decides) or note"""

    @property
    def version(self) -> str | None:
        """The version that the rule is held against, if it names one."""
        return None if self.against in (CHAMPION, BASELINE) else self.against

    @field_validator("against")
    @classmethod
    def _names_something(cls, against: str) -> str:
        if against not in (CHAMPION, BASELINE) and not _PINNED.fullmatch(against):
            raise ValueError(
                f"is '{against}'; expected 'champion', 'baseline', or a version such as '1.4.2'"
            )
        return against

    @model_validator(mode="after")
    def _binds_something(self) -> Self:
        relative = self.max_drop is not None or self.min_gain is not None
        if not relative and self.min is None and self.max is None:
            raise ValueError("binds nothing; expected min, max, max_drop or min_gain")
        if not relative and self.against != CHAMPION:
            raise ValueError("has `against`; expected max_drop or min_gain beside it")
        return self


class Seasonal(Table):
    """A naive predictor that knows what was a season ago."""

    seasonal: Span
    """how long a season is"""
    by: tuple[str, ...] = ()
    """columns: what was there is looked for among the rows that are alike in them"""


class Gate(Table):
    """What a challenger must show."""

    metric: str | None = None
    """what champion and challenger are compared on; else mae, or log_loss for classes"""
    metrics: tuple[str, ...] = ()
    """further metrics to report; the usual ones of the task always are"""
    max_overlap: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """the largest share of the holdout that may be left out because a side had learned from it"""
    too_good: Annotated[float, Field(ge=0, lt=1)] = 1e-6
    """a loss below this share of the naive baseline's is taken for a leak; 0 believes any"""
    min_gain: Annotated[float, Field(ge=0)] = 0.0
    """how much better at least, in the metric's own unit"""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """of the verdict: the intervals that it hangs on hold together"""
    cluster: tuple[str, ...] = ()
    """columns; rows that are alike in them are not independent"""
    slices: tuple[str, ...] = ()
    """columns, of which no value may get significantly worse, and SQL conditions"""
    severity: dict[str, Severity] = {}
    """what it is when a slice gets worse: fail (the default), warn or note"""
    baseline: Literal["constant"] | Seasonal = "constant"
    """the naive predictor: constant (mean or class shares), or { seasonal = "7 days" }"""
    rules: tuple[Rule, ...] = ()
    """bounds on metrics"""

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that rules name, each once."""
        return tuple(dict.fromkeys(rule.version for rule in self.rules if rule.version))

    @model_validator(mode="after")
    def _severity_of_slices(self) -> Self:
        for name in self.severity:
            if name not in self.slices:
                raise ValueError(f"has a severity of `{name}`, which is none of its slices")
        return self


class Metric(Table):
    """A metric of your own."""

    function: FunctionPath
    """module:function of (truth, prediction) or (truth, prediction, rows); gives a number"""
    better: Literal["higher", "lower"]
    """which way is better"""


# how the names of metrics begin by which a single case is right or wrong
RIGHT_OR_WRONG = ("accuracy", "prefix-", "top-", "within-", "share-within-")


class Benchmark(Table):
    """A file of cases with the answers that are expected, judged beside the holdout."""

    file: str
    """CSV, JSON lines or Parquet: the columns that the model reads, and the expected answer"""
    answer: str | None = None
    """the column of the expected answer; else the target's name"""
    case: str | None = None
    """the column that names a case; else its row does"""
    ambiguous: str | None = None
    """the column that is true for cases that nobody can tell; they are left out and counted"""
    metric: str | None = None
    """accuracy, prefix-4, top-3, within-10, mae, …; else accuracy, or mae for numbers"""
    min: float | None = None
    """not below"""
    max: float | None = None
    """not above"""
    max_lost: Annotated[int, Field(ge=0)] | None = None
    """how many cases at most the champion gets right and the challenger wrong"""
    severity: Severity = "fail"
    """what it is when a bound is broken: fail, warn (a person decides) or note"""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """of the file: any other fails; else one that changed since the champion was judged does"""

    @model_validator(mode="after")
    def _cases_are_right_or_wrong(self) -> Self:
        if self.max_lost is not None and self.metric and not self.metric.startswith(RIGHT_OR_WRONG):
            raise ValueError(
                f"has max_lost with {self.metric}, by which no case is right or wrong; expected"
                " accuracy, prefix-N, top-N, within-N or share-within-N"
            )
        return self


class Promote(Table):
    """How a version that the gate let pass reaches the stages after the first."""

    model_config = ConfigDict(frozen=True, extra="allow")  # the project may name other stages
    __pydantic_extra__: dict[str, Literal["auto", "approval"]] = Field(init=False)

    development: Literal["auto", "approval"] = "auto"
    """the first stage"""
    staging: Literal["auto", "approval"] = "auto"
    """the stage after it"""
    production: Literal["auto", "approval"] = "approval"
    """what users see"""
    approvers: Annotated[int, Field(ge=1)] = 1
    """how many different persons must approve"""
    valid_for: Span | None = None
    """how long a request waits for answers, and an approval counts; else for ever"""
    four_eyes: bool = False
    """true: who published the version may not approve it"""

    def mode(self, stage: str) -> Literal["auto", "approval"]:
        """Whether versions enter a stage by themselves; a stage the table omits asks a person."""
        return getattr(self, stage, "approval")


class Schedule(Table):
    """When a model may be retrained, and what makes it due."""

    retrain: bool = True
    """false: never by itself"""
    cron: Cron | None = None
    """times at which it may be retrained; else whenever `keepfit run` is called"""
    timezone: str = "UTC"
    """of the times"""
    max_age: Span | None = None
    """due when the newest version is older, whatever else"""
    min_new_rows: Annotated[int, Field(ge=1)] = 1
    """fewer new rows do not make it due"""
    decay: Annotated[float, Field(ge=0)] | None = None
    """new rows make it due only if the champion's metric on them is worse by this share"""


class Keep(Table):
    """What `keepfit gc` keeps beside whatever a stage points at."""

    versions: Annotated[int, Field(ge=0)] = 10
    """the newest so many"""
    days: Annotated[int, Field(ge=0)] = 90
    """whatever is younger"""
    recipes: Span | None = None
    """of the others, the recipe for so long: `keepfit restore` makes them again; else nothing"""


class Card(Table):
    """The model card that `keepfit report` shows: what only people know of a model."""

    intended_use: str = ""
    """what it is made for, and who uses it"""
    out_of_scope: str = ""
    """what it must not be used for"""
    limits: str = ""
    """where it is known to be wrong"""
    ethics: str = ""
    """whom its mistakes hurt, and what is done about it"""
    licence: str = ""
    """of the model and of the rows it learned from"""
    contact: str = ""
    """where questions go"""
    references: tuple[str, ...] = ()
    """papers, tickets, pages to read further"""


class Answering(Table):
    """What a prediction of the model says, over HTTP, and what is kept of it."""

    probabilities: bool = False
    """answer with the probability of every class, too"""
    top_k: Annotated[int, Field(ge=0)] = 0
    """answer with so many of the likeliest labels and their scores"""
    log: Annotated[float, Field(ge=0, le=1)] = 0.0
    """the share of requests whose rows and answers are kept in the store; 0: none"""
    mask: tuple[str, ...] = ()
    """columns whose values are not kept"""


class ModelSpec(Table):
    """A model: what it is, what it learns from, how it is judged and released."""

    name: str = ""
    """from the table's name"""
    kind: str
    """the algorithm family"""
    target: str
    """the column to predict"""
    features: tuple[str, ...] = Field(min_length=1)
    """the columns to predict from, after `derive` and `transform`"""
    owner: str = ""
    """who answers for it"""
    description: str = ""
    """what it is for"""
    threads: Annotated[int, Field(ge=1)] = 1
    """of training; more than one may cost bit-for-bit rebuilds"""
    data: Data
    checks: Checks = Checks()
    split: Split = Split()
    encode: Encode = Encode()
    params: dict[str, Any] = {}
    """what the kind takes"""
    gate: Gate = Gate()
    benchmark: dict[str, Benchmark] = {}
    """files of cases with expected answers, by name"""
    metric: dict[str, Metric] = {}
    """metrics of your own, by name"""
    promote: Promote = Promote()
    schedule: Schedule = Schedule()
    keep: Keep = Keep()
    serve: Answering = Answering()
    card: Card = Card()


class Serve(Table):
    """The HTTP server of `keepfit serve`."""

    host: str = "127.0.0.1"
    """the address it listens at; 0.0.0.0 is every one of the machine"""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """the port; 0 takes a free one"""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """processes that answer"""
    poll: Annotated[float, Field(gt=0)] = 30.0
    """seconds between two looks at what the stage holds"""
    api_key: str | None = None
    """what a request must bring as `Authorization: Bearer …` or `x-api-key`: "${API_KEY}"; else
    nothing is asked"""
    access_log: bool = True
    """a line of JSON a request on standard output"""
    max_body: Annotated[int, Field(ge=1)] = 25 * 1024 * 1024 + 1024
    """bytes of a request at most"""
    max_waiting: Annotated[int, Field(ge=1)] = 1000
    """requests under way at most, in each process; what comes then is answered with 503"""
    max_connections: Annotated[int, Field(ge=1)] = 10000
    """open connections at most, in each process"""
    max_per_address: Annotated[int, Field(ge=1)] = 1000
    """of these, from one address"""
    header_seconds: Annotated[float, Field(gt=0)] = 10.0
    """in which the header of a request must be there"""
    idle_seconds: Annotated[float, Field(gt=0)] = 75.0
    """after which a connection without a request is closed"""
    total_seconds: Annotated[float, Field(gt=0)] = 60.0
    """in which a request must be there and answered"""
    drain_seconds: Annotated[float, Field(gt=0)] = 25.0
    """in which requests under way are answered when the server is told to stop"""


class ProjectTable(Table):
    """The project as a whole."""

    name: str
    """of the project"""
    store: str = "store"
    """the registry: a folder beside the file"""
    stages: tuple[str, ...] = Field(default=("development", "staging", "production"), min_length=1)
    """in the order in which a version passes them; the last is the one that is judged against"""
    require: Literal["any", "clean"] = "any"
    """clean: refuse to train from a work tree with uncommitted changes"""
    signers: str | None = None
    """a file of allowed signers (ssh-keygen(1)): approvals are signed, and readers check it"""
    serve: Serve = Serve()
