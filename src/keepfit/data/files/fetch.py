"""Rows that lie in a cloud or a database, brought to a folder of this machine, a file each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import polars as pl

from keepfit.config.schema.rows import Source, Sql
from keepfit.data.files.read import in_short, reading
from keepfit.data.files.sources import Found, without_credentials
from keepfit.digest import Digest, sha256, sha256_file
from keepfit.errors import NotInstalled, SourceError, UserError

_VARIABLES = {"s3": "AWS_", "gs": "GOOGLE_", "gcs": "GOOGLE_"}  # and AZURE_ for the others
_ROW_GROUP = 122_880  # rows; fixed, so that the same rows make the same bytes


def fetch(
    found: Sequence[Found],
    sources: Mapping[str, Source],
    root: Path,
    folder: Path,
    *,
    environ: Mapping[str, str],
) -> list[Found]:
    """Each address and query as local files below `folder`, one a remote file.

    Text formats are written as they are, unpacked and with plain line ends; Parquet files and the
    answers of databases are written as Parquet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetched: list[Found] = []
    for one in found:
        source = sources[one.source]
        if isinstance(source, Sql):
            fetched.append(_fetch_sql(one, source, root, folder))
        else:
            fetched += _fetch_cloud(one, folder, options_of(one.uri, environ))
    return fetched


def digests_of(
    found: Sequence[Found], sources: Mapping[str, Source], root: Path, *, environ: Mapping[str, str]
) -> list[tuple[str, str, Digest]]:
    """(source, uri, digest) of what is there now; everything is read for it and thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        fetched = fetch(found, sources, root, Path(folder), environ=environ)
        return [(one.source, one.uri, sha256_file(one.path)) for one in fetched if one.path]


def options_of(uri: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables by which polars reaches the cloud of an address."""
    prefix = _VARIABLES.get(uri.partition("://")[0], "AZURE_")
    return {name: value for name, value in environ.items() if name.startswith(prefix)}


def _fetch_cloud(found: Found, folder: Path, options: dict[str, str]) -> list[Found]:
    with reading(found.uri):
        if found.format == "parquet":
            fetched = _fetch_parquet(found, folder, options)
        else:
            fetched = _fetch_text(found, folder, options)
    if not fetched:
        raise UserError(
            f"source `{found.source}`: nothing matches {found.uri}",
            hint="correct data.source in keepfit.toml, or bring the files there",
        )
    return sorted(fetched, key=lambda one: one.uri)


def _fetch_parquet(found: Found, folder: Path, options: dict[str, str]) -> list[Found]:
    everything = pl.scan_parquet(
        found.uri,
        include_file_paths="uri",
        missing_columns="insert",
        extra_columns="ignore",
        schema={},
        storage_options=options,
    )
    uris = everything.select("uri").unique().collect()["uri"]
    fetched = []
    for uri in uris:
        path = _place(folder, uri, "parquet")
        rows = pl.scan_parquet(uri, glob=False, hive_partitioning=False, storage_options=options)
        rows.sink_parquet(path, row_group_size=_ROW_GROUP)
        fetched.append(replace(found, uri=uri, path=path, size=path.stat().st_size))
    return fetched


def _fetch_text(found: Found, folder: Path, options: dict[str, str]) -> list[Found]:
    lines = pl.scan_lines(found.uri, include_file_paths="uri", storage_options=options)
    places: dict[str, Path] = {}
    for uri, text in _pieces(lines):
        path = places.setdefault(uri, _place(folder, uri, found.format))
        with path.open("a", encoding="utf-8", newline="") as file:
            _write_lines(file, text)
    return [
        replace(found, uri=uri, path=path, size=path.stat().st_size, compression="")
        for uri, path in places.items()
    ]


def _pieces(lines: pl.LazyFrame) -> Iterator[tuple[str, pl.Series]]:
    for batch in lines.collect_batches(maintain_order=True):
        for (uri,), rows in batch.group_by("uri", maintain_order=True):
            yield str(uri), rows["line"]


def _write_lines(file: TextIO, lines: pl.Series) -> None:
    file.write(lines.str.join("\n").item() + "\n")


def _place(folder: Path, uri: str, suffix: str) -> Path:
    return folder / f"{sha256(uri.encode())[:32]}.{suffix}"


def _fetch_sql(found: Found, source: Sql, root: Path, folder: Path) -> Found:
    path = _place(folder, f"{found.source} {source.sql}", "parquet")
    _ask(found, source, root).write_parquet(path, row_group_size=_ROW_GROUP)
    return replace(found, path=path, size=path.stat().st_size, format="parquet")


def _ask(found: Found, source: Sql, root: Path) -> pl.DataFrame:
    try:
        import adbc_driver_manager
    except ImportError as error:
        raise NotInstalled("a SQL source", "sql") from error
    try:
        return pl.read_database_uri(source.sql, _below_root(source.uri, root), engine="adbc")
    except ModuleNotFoundError as error:
        raise NotInstalled(f"the database {found.uri}", "sql") from error
    except (adbc_driver_manager.Error, pl.exceptions.PolarsError, OSError) as error:
        told = in_short(error).replace(source.uri, without_credentials(source.uri))
        raise SourceError(
            f"source `{found.source}`: {found.uri} did not answer the query: {told}",
            hint=f"the query is: {source.sql}",
        ) from error


def _below_root(uri: str, root: Path) -> str:
    # sqlite:///rows.db is a file of the project, sqlite:////var/rows.db is not.
    scheme, _, path = uri.partition(":///")
    if scheme == "sqlite" and path and not path.startswith("/"):
        return f"sqlite:///{root / path}"
    return uri
