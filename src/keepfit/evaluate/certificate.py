"""The certificate of an honest comparison: which rows, who had seen them, and who answered them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepfit.data.splitting.keys import among, distinct
from keepfit.digest import Digest, sha256
from keepfit.kinds.base import Prediction
from keepfit.records.certificate import Certificate, Witness

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Seen:
    """One side: what it had learned from, and what it says of the rows judged on."""

    digest: Digest  # of the model's files
    learned: Keys  # hashes of the row keys that it learned from, validation included
    validated: Keys | None  # those of the validation rows alone; None: not known
    said: Prediction  # of the rows judged on, in their order


@dataclass(frozen=True, slots=True)
class Precedent:
    """The judgement before this one of the same model."""

    certificate: Certificate | None = None
    error: str | None = None  # why there is no certificate of it, where there should be one


def certify(  # noqa: PLR0913 each is a fact that the certificate must hold
    offered: Keys,
    keep: NDArray[np.bool_],
    challenger: Seen,
    champion: Seen | None,
    *,
    contents: Keys,
    precedent: Precedent,
) -> Certificate:
    """
    The certificate of a comparison on those of the rows `offered` that are to `keep`.

    `contents` hashes what each judged row holds. Everything is counted anew from the keys and the
    answers, so that the gate can hold it against what the evidence says elsewhere.
    """
    digest = keys_digest(offered)
    used, error = _used(precedent, digest)
    return Certificate(
        challenger=_witness(challenger, offered),
        champion=_witness(champion, offered) if champion else None,
        offered=offered.size,
        offered_digest=digest,
        trimmed=int((~keep).sum()),
        rows=int(keep.sum()),
        holdout=keys_digest(offered[keep]),
        contents=keys_digest(contents),
        used=used,
        used_error=error,
    )


def keys_digest(keys: Keys) -> Digest:
    """The sha256 of hashes in their order."""
    return sha256(keys.astype("<u8", copy=False).tobytes())


def _witness(side: Seen, offered: Keys) -> Witness:
    learned = distinct(side.learned)
    seen = int(among(offered, learned).sum())
    return Witness(
        digest=side.digest,
        fingerprint=keys_digest(learned),
        seen=learned.size,
        learned=seen,
        validated=_validated(side, offered, seen),
        answers=len(side.said.values),
        nulls=_nulls(side.said),
    )


def _validated(side: Seen, offered: Keys, learned: int) -> int | None:
    if side.validated is None:
        return None if learned else 0  # a row that it never saw did not stop it either
    return int(among(offered, side.validated).sum())


def _nulls(said: Prediction) -> int:
    """How many rows have no answer: a null, no number, or probabilities that are none."""
    values = said.values
    missing = values.is_null()
    if values.dtype.is_float():
        missing |= ~values.is_finite().fill_null(False)
    empty = np.asarray(missing.to_numpy(), dtype=np.bool_)
    if said.probabilities is not None and len(said.probabilities) == len(values):
        empty |= ~np.isfinite(said.probabilities).all(axis=1)
    return int(empty.sum())


def _used(precedent: Precedent, offered: Digest) -> tuple[int | None, str | None]:
    """How often these rows had judged before, and why that is not known."""
    if precedent.error:
        return None, precedent.error
    before = precedent.certificate
    if before is None or before.offered_digest != offered:
        return 0, None
    if before.used is None:
        return None, before.used_error
    return before.used + 1, None
