"""What a prediction says over HTTP, and the server that says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from keepfit.config.schema.table import Table


class Answering(Table):
    """What a prediction of the model says, over HTTP, and what is kept of it."""

    probabilities: bool = False
    """answer with the probability of every class, too"""
    top_k: Annotated[int, Field(ge=0)] = 0
    """answer with so many of the likeliest labels and their scores"""
    prefix: Annotated[int, Field(ge=0)] = 0
    """answer with so many first characters of labels, what begins alike added up; 0: all of them"""
    observe: str | tuple[str, ...] | None = None
    """files of newer rows with their target, from which a forecast goes on: "data/sales-*.csv", or
    several; a server looks at them as often as at the stage"""
    log: Annotated[float, Field(ge=0, le=1)] = 0.0
    """the share of requests whose rows and answers are kept in the store; 0: none"""
    mask: tuple[str, ...] = ()
    """columns whose values are not kept"""


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
