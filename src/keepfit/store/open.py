"""From the address of a store to the store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from keepfit.errors import NotInstalled, UserError
from keepfit.store.backends.local import LocalStore
from keepfit.store.backends.objects import ObjectStore
from keepfit.store.backends.probe import prove

_BUCKETS = ("s3", "gs", "az")


def open_store(address: str, *, root: Path = Path(), durable: bool = True) -> ObjectStore:
    """The store at an address: a folder, relative to `root` or not, file://…, or a bucket.

    UserError for anything else. Nothing is asked or made before it is needed. `durable=False` is
    for folders that may be lost.
    """
    scheme, found, _ = address.partition("://")
    if found and scheme in _BUCKETS:
        return _bucket(address)
    folder = root / (_file(address) if found else Path(address).expanduser())
    if folder.exists() and not folder.is_dir():
        raise UserError(
            f"the store {folder} is a file; expected a folder",
            hint="move the file, or name a folder as `store`",
        )
    return LocalStore(folder, durable=durable)


def _bucket(address: str) -> ObjectStore:
    if not urlsplit(address).netloc:
        raise UserError(f"the store {address} names no bucket; expected {address[:5]}BUCKET/PATH")
    try:
        from keepfit.store.backends.cloud import CloudStore
    except ImportError as error:
        raise NotInstalled(f"A store such as {address}", "cloud") from error
    return CloudStore(address, before_writing=prove)


def _file(address: str) -> Path:
    parts = urlsplit(address)
    if parts.scheme != "file":
        known = ", ".join(f"{scheme}://" for scheme in ("file", *_BUCKETS))
        raise UserError(f"the store {address} is of no known kind; expected a folder, or {known}")
    if parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise UserError(f"the store {address} is not on this machine; expected file:///a/folder")
    return Path(unquote(parts.path))
