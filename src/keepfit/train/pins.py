"""What the process that trains finds in its environment. Light: it is asked before all else."""

from __future__ import annotations

from collections.abc import Mapping

from keepfit.train.cpu import cpu_class

# One declared set of kernels for each class of machine, so that a newer processor does not pick
# others and give other bits: numpy's, then torch's. Where there is none here, the processor's own
# are taken.
_AVX2 = {"OPENBLAS_CORETYPE": "Haswell", "MKL_CBWR": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
_KERNELS = {"x86-64-v3": _AVX2, "x86-64-v4": _AVX2, "aarch64": {"OPENBLAS_CORETYPE": "ARMV8"}}

KERNELS = frozenset(name for declared in _KERNELS.values() for name in declared)

# Whatever else could reach into the numbers: settings of BLAS, OpenMP and polars, and the locale.
_LEFT_OUT = (
    *("BLIS_", "GOMP_", "GOTO_", "KMP_", "MKL_", "NPY_", "NUMEXPR_", "OMP_", "OPENBLAS_"),
    *("POLARS_", "SKLEARN_", "VECLIB_", "LANG", "LC_", "PYTHONHASHSEED"),
    *("ATEN_", "DNNL_", "ONEDNN_", "PYTORCH_", "TORCH_"),
)


def pinned(threads: int) -> dict[str, str]:
    """The environment variables of every process that trains, by name."""
    count = str(threads)
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
        **kernels(),
    }


def kernels() -> dict[str, str]:
    """Those of the variables that hang on the class of the processor."""
    return dict(_KERNELS.get(cpu_class(), {}))


def pinned_environ(environ: Mapping[str, str], threads: int) -> dict[str, str]:
    """`environ` with the pinned variables in it, and without others that could change numbers."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | pinned(threads)
