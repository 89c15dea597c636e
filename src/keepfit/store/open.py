"""From the address of a store to the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from keepfit.errors import UserError
from keepfit.store.local import LocalStore
from keepfit.store.objects import ObjectStore


def open_store(address: str, *, root: Path = Path(), durable: bool = True) -> ObjectStore:
    """The store at an address: a folder, relative to `root` or not, or file://…; else UserError.

    Nothing is made before something is written. `durable=False` is for stores that may be lost.
    """
    scheme, found, _ = address.partition("://")
    folder = _SCHEMES.get(scheme, _unknown)(address) if found else Path(address).expanduser()
    folder = root / folder
    if folder.exists() and not folder.is_dir():
        raise UserError(
            f"the store {folder} is a file; expected a folder",
            hint="move the file, or name a folder as `store`",
        )
    return LocalStore(folder, durable=durable)


def _file(address: str) -> Path:
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise UserError(f"the store {address} is not on this machine; expected file:///a/folder")
    return Path(unquote(parts.path))


def _bucket(address: str) -> Path:
    raise UserError(
        f"the store {address} is a bucket: stores in buckets come with a later version",
        hint='use a folder: store = "store"',
    )


def _unknown(address: str) -> Path:
    known = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
    raise UserError(f"the store {address} is of no known kind; expected a folder, or {known}")


_SCHEMES: dict[str, Callable[[str], Path]] = {
    "file": _file,
    "s3": _bucket,
    "gs": _bucket,
    "az": _bucket,
}
