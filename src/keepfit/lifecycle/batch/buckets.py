"""Files of rows and of predictions in S3, Google Cloud Storage and Azure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from keepfit.data.files.sources import CLOUDS
from keepfit.errors import (
    NotInstalled,
    SinkError,
    SourceError,
    StoreError,
    SystemFailure,
    UserError,
)

if TYPE_CHECKING:
    from obstore import ObjectMeta

_SPOKEN = {"s3": "s3", "gs": "gs", "gcs": "gs", "az": "az"}
_PART = 16 << 20  # bytes of an upload's parts, of which there may be 10,000
_PARTS = 9_000


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a bucket."""

    name: str  # below the address or the pattern's fixed part
    uri: str
    size: int
    etag: str


def is_address(place: str) -> bool:
    """Whether it lies in a bucket."""
    return place.startswith(CLOUDS)


def below(folder: str, place: str) -> bool:
    """Whether an address lies below another that ends with a slash."""
    return folder.endswith("/") and place.startswith(folder)


def find(pattern: str, environ: Mapping[str, str]) -> list[Thing]:
    """What an address, a folder (`…/`) or a pattern names, in the order of the keys."""
    if not pattern.endswith("/") and not set("*?[") & set(pattern):
        found = look(pattern, environ)
        return [found] if found else []
    bucket, key = _parts(pattern)
    wild = min((key.find(sign) for sign in "*?[" if sign in key), default=len(key))
    fixed = key[:wild].rpartition("/")[0]
    import obstore

    with _saying("list", pattern, SourceError):
        pages = list(obstore.list(_client(pattern, environ), fixed or None))
    start = len(fixed) + 1 if fixed else 0
    metas = sorted((meta for page in pages for meta in page), key=lambda meta: meta["path"])
    matching = [meta for meta in metas if wild == len(key) or fnmatchcase(meta["path"], key)]
    return [_thing(bucket, meta, meta["path"][start:]) for meta in matching if meta["size"]]


def look(uri: str, environ: Mapping[str, str]) -> Thing | None:
    """The object at an address, if there is one."""
    bucket, key = _parts(uri)
    client = _client(uri, environ)
    import obstore

    with suppress(FileNotFoundError), _saying("look at", uri, SourceError):
        return _thing(bucket, obstore.head(client, key), key.rpartition("/")[2])
    return None


def refuse_unreached(uri: str, environ: Mapping[str, str]) -> None:
    """SinkError where there is no such bucket, or where we may not even look into it."""
    client = _client(uri, environ)
    import obstore

    with _saying("look into", uri, SinkError):
        next(iter(obstore.list(client, _parts(uri)[1])), None)


def upload(path: Path, uri: str, environ: Mapping[str, str]) -> None:
    """The file as an object, which is there whole or not at all; SinkError where it cannot be."""
    client = _client(uri, environ)
    import obstore

    part = max(_PART, path.stat().st_size // _PARTS)
    with _saying("write", uri, SinkError):
        obstore.put(client, _parts(uri)[1], path, chunk_size=part)


def remove(uri: str, environ: Mapping[str, str]) -> None:
    """The object, if there is one, is gone."""
    client = _client(uri, environ)
    import obstore

    with suppress(FileNotFoundError), _saying("delete", uri, SinkError):
        obstore.delete(client, _parts(uri)[1])


def _thing(bucket: str, meta: ObjectMeta, name: str) -> Thing:
    etag = meta["e_tag"] or meta["version"] or meta["last_modified"].isoformat()
    return Thing(name, f"{bucket}/{meta['path']}", meta["size"], f"{meta['size']} bytes, {etag}")


def _parts(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    if parts.scheme not in _SPOKEN or not parts.netloc:
        known = ", ".join(f"{scheme}://BUCKET/…" for scheme in ("s3", "gs", "az"))
        raise UserError(f"{uri} is no address of a bucket: expected {known}")
    return f"{parts.scheme}://{parts.netloc}", uri.partition("://")[2].partition("/")[2]


def _client(uri: str, environ: Mapping[str, str]) -> Any:
    bucket, _ = _parts(uri)
    try:
        from keepfit.store.backends.clients import PATIENT, connect
    except ImportError as error:
        raise NotInstalled(f"Reading or writing {uri}", "cloud") from error
    scheme, _, rest = bucket.partition("://")
    return connect(f"{_SPOKEN[scheme]}://{rest}", PATIENT, environ)


@contextmanager
def _saying(verb: str, where: str, kind: type[SystemFailure]) -> Iterator[None]:
    from keepfit.store.backends.clients import refusals

    try:
        with refusals(verb, where):
            yield
    except StoreError as error:
        raise kind(
            str(error), hint="see that the bucket is there, and what your account may do in it"
        ) from error
