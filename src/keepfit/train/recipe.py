"""What the process that trained looked like, written down."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from keepfit.digest import digest_of, sha256_file
from keepfit.records.training import Environment
from keepfit.train.cpu import cpu_class
from keepfit.train.pins import pinned

_DISTRIBUTION = re.compile(r"([^-]+)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


def environment(threads: int, root: Path) -> Environment:
    """What `rebuild` must make again: this Python, this machine, and the lock of `root` if any."""
    lock = root / "uv.lock"
    locked = lock.is_file()
    installed = distributions(sys.path)
    return Environment(
        python=" ".join(sys.version.split()),
        platform=" ".join([sysconfig.get_platform(), *_libc()]),
        cpu=cpu_class(),
        blas=_blas(),
        threads=threads,
        variables={name: os.environ.get(name, "") for name in pinned(threads)},
        lock="uv.lock" if locked else "distributions",
        distributions=installed,
        lock_digest=sha256_file(lock) if locked else digest_of(installed),
    )


def distributions(folders: Iterable[str]) -> tuple[str, ...]:
    """`name==version` of everything installed in `folders`, sorted; the first folder wins."""
    # The folders' names say it all; importlib.metadata would open a file for each of them.
    found: dict[str, str] = {}
    for folder in folders:
        for entry in _names_in(folder):
            if match := _DISTRIBUTION.fullmatch(entry):
                name = re.sub(r"[_.]+", "-", match[1]).lower()
                found.setdefault(name, f"{name}=={match[2]}")
    return tuple(sorted(found.values()))


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 a Path for each name is most of the work
    except OSError:  # sys.path may name zip files and folders that are not there
        return []


def _libc() -> list[str]:
    try:
        return [text] if (text := os.confstr("CS_GNU_LIBC_VERSION")) else []
    except (AttributeError, OSError, ValueError):  # not Linux, or not glibc
        return []


def _blas() -> str:
    import numpy as np

    parts = np.show_config(mode="dicts")
    blas = parts["Build Dependencies"]["blas"] if parts else {}
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
