"""What the process that trains finds in its environment. Light: it is asked before all else."""

from __future__ import annotations

from collections.abc import Mapping

from keepfit.train.cpu import cpu_class

# One declared set of kernels for each class of machine, so that a newer processor does not pick
# others and give other bits. Where there is none here, the processor's own are taken.
_CORETYPES = {"x86-64-v3": "Haswell", "x86-64-v4": "Haswell", "aarch64": "ARMV8"}

# Whatever else could reach into the numbers: settings of BLAS, OpenMP and polars, and the locale.
_LEFT_OUT = (
    *("BLIS_", "GOMP_", "GOTO_", "KMP_", "MKL_", "NPY_", "NUMEXPR_", "OMP_", "OPENBLAS_"),
    *("POLARS_", "SKLEARN_", "VECLIB_", "LANG", "LC_", "PYTHONHASHSEED"),
)


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
