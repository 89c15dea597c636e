"""What the process that trains looks like: pinned before it starts, written down after."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from keepfit.digest import digest_of, sha256_file
from keepfit.records import Environment
from keepfit.train.cpu import cpu_class

# One declared set of kernels for each class of machine, so that a newer processor does not pick
# others and give other bits. Where there is none here, the processor's own are taken.
_CORETYPES = {"x86-64-v3": "Haswell", "x86-64-v4": "Haswell", "aarch64": "ARMV8"}

# Whatever else could reach into the numbers: settings of BLAS, OpenMP and polars, and the locale.
_LEFT_OUT = (
    *("BLIS_", "GOMP_", "GOTO_", "KMP_", "MKL_", "NPY_", "NUMEXPR_", "OMP_", "OPENBLAS_"),
    *("POLARS_", "SKLEARN_", "VECLIB_", "LANG", "LC_", "PYTHONHASHSEED"),
)

_DISTRIBUTION = re.compile(r"([^-]+)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")


def pinned(threads: int) -> dict[str, str]:
    """The environment variables of every process that trains, by name."""
    count = str(threads)
    core = _CORETYPES.get(cpu_class())
    return {
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01, the first day a zip file can tell
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "NUMEXPR_NUM_THREADS": count,
        "VECLIB_MAXIMUM_THREADS": count,
        "POLARS_MAX_THREADS": count,
        **({"OPENBLAS_CORETYPE": core} if core else {}),
    }


def pinned_environ(environ: Mapping[str, str], threads: int) -> dict[str, str]:
    """`environ` with the pinned variables in it, and without others that could change numbers."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | pinned(threads)


def environment(threads: int, root: Path) -> Environment:
    """What `rebuild` must make again: this Python, this machine, and the lock of `root` if any."""
    lock = root / "uv.lock"
    locked = lock.is_file()
    installed = () if locked else distributions(sys.path)
    return Environment(
        python=" ".join(sys.version.split()),
        platform=" ".join([sysconfig.get_platform(), *_libc()]),
        cpu=cpu_class(),
        blas=_blas(),
        threads=threads,
        variables=pinned(threads),
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
        return [entry.name for entry in Path(folder).iterdir()]
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
