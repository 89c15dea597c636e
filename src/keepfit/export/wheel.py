"""keepfit as it runs here, as a wheel: where no index has the very same code."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib import metadata
from pathlib import Path

import keepfit
from keepfit.export.lock import Lock, is_local

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can tell
_NAME = "keepfit"


def own_wheel(lock: Lock) -> tuple[str, bytes] | None:
    """(file name, bytes) of keepfit as a wheel; None where the lock brings it from an index."""
    installed = metadata.distribution(_NAME)
    if _NAME in lock.names() and not is_local(installed):
        return None
    return f"{_NAME}-{installed.version}-py3-none-any.whl", _wheel(installed)


def _wheel(installed: metadata.Distribution) -> bytes:
    """The same code gives the same bytes."""
    about = f"{_NAME}-{installed.version}.dist-info"
    package = Path(keepfit.__file__ or "").parent
    files = {
        f"{_NAME}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in ("METADATA", "entry_points.txt"):
        if text := installed.read_text(name):
            files[f"{about}/{name}"] = text.encode()
    files[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: keepfit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{name},sha256={_hash(data)},{len(data)}\n" for name, data in files.items())
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    return packed.getvalue()


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
