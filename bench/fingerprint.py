"""What a version keeps of a million rows that it learned from, and what a certificate costs."""

from __future__ import annotations

import time
from pathlib import Path

from measure import Figure

ROWS = 1_000_000


def main(folder: Path) -> list[Figure]:  # noqa: ARG001 every benchmark is given one
    """Bytes of the fingerprint beside the hashes as they are, and seconds to certify a holdout."""
    import numpy as np
    import polars as pl

    from keepfit.data.splitting.keys import fingerprint_bytes, read_fingerprint, row_keys

    keys = row_keys(pl.DataFrame({"id": np.arange(ROWS)}), ("id",))
    packed = fingerprint_bytes(keys)
    if not np.array_equal(read_fingerprint(packed), np.unique(keys)):
        raise SystemExit("the fingerprint does not give its keys back")
    size = Figure(
        "fingerprint of a million rows",
        f"{len(packed) / 1e6:.1f} MB",
        f"as 64-bit hashes {keys.nbytes / 1e6:.1f} MB",
        f"{len(packed) / keys.nbytes:.2f}",
        "<= 8 MB",
        len(packed) <= 8e6,
    )
    return [size, _certificate(keys)]


def _certificate(keys) -> Figure:
    import numpy as np
    import polars as pl

    from keepfit.evaluate.certificate import Precedent, Seen, certify
    from keepfit.evaluate.evidence import trim_overlap
    from keepfit.kinds.base import Prediction

    none, said = keys[:0], Prediction(pl.Series(np.zeros(ROWS)))
    ours, theirs = np.unique(keys + np.uint64(1)), np.unique(keys + np.uint64(2))
    begun = time.perf_counter()
    keep, _ = trim_overlap(keys, ours, theirs)
    trimmed = time.perf_counter() - begun
    sides = (Seen(name * 64, learned, none, said) for name, learned in (("a", ours), ("b", theirs)))
    certify(keys, keep, *sides, contents=keys, precedent=Precedent())
    certified = time.perf_counter() - begun - trimmed
    return Figure(
        "the certificate of a million rows, both sides having learned from another million",
        f"{certified:.2f} s",
        f"leaving out what was learned {trimmed:.2f} s",
        f"{certified / trimmed:.2f}",
        "<= 2 s",
        certified <= 2,
    )
