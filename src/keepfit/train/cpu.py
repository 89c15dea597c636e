"""Which class of processor this is: what decides the kernels that a BLAS picks."""

from __future__ import annotations

import functools
import platform
import sys
from pathlib import Path

# The levels of the x86-64 psABI by the flags that Linux lists; each includes the ones below it.
_LEVELS = {
    "x86-64-v2": {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    "x86-64-v3": {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"},
    "x86-64-v4": {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"},
}

# IsProcessorFeaturePresent of Windows and sysctl of macOS name only some of them.
_WINDOWS = {"x86-64-v2": 38, "x86-64-v3": 40, "x86-64-v4": 41}  # SSE4_2, AVX2, AVX512F
_MACOS = {
    "x86-64-v2": "hw.optional.sse4_2",
    "x86-64-v3": "hw.optional.avx2_0",
    "x86-64-v4": "hw.optional.avx512f",
}


@functools.cache  # it is asked twice a training, and no processor changes under a process
def cpu_class() -> str:
    """`x86-64-v1` to `x86-64-v4`, else the machine's name, such as `aarch64`."""
    machine = platform.machine().lower()
    if machine not in {"x86_64", "amd64"}:
        return machine
    best = "x86-64-v1"
    for level in _LEVELS:
        if not _has(level):
            break
        best = level
    return best


def _has(level: str) -> bool:
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(_WINDOWS[level]))
    if sys.platform == "darwin":
        import ctypes

        value, size = ctypes.c_int(0), ctypes.c_size_t(4)
        name = _MACOS[level].encode()
        failed = ctypes.CDLL(None).sysctlbyname(
            name, ctypes.byref(value), ctypes.byref(size), None, 0
        )
        return not failed and bool(value.value)
    return _LEVELS[level] <= linux_flags(Path("/proc/cpuinfo"))


def linux_flags(cpuinfo: Path) -> set[str]:
    """The flags of the first processor that `cpuinfo` lists; none where there is no such file."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return set()
    lines = (line.partition(":") for line in text.splitlines())
    return next((set(value.split()) for key, _, value in lines if key.strip() == "flags"), set())
