"""What a signer signs of a record that lets a version into a stage."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import msgspec

from keepfit.digest import Digest, canonical
from keepfit.store.log.events import Approve, Promote
from keepfit.store.log.log import Draft

Signed = Approve | Promote


class Signer(Protocol):
    """Somebody with a key."""

    # who it is: the actor of what is signed
    @property
    def name(self) -> str: ...

    # the signature of these bytes, made at that ISO time, in base64
    def sign(self, message: bytes, at: str) -> str: ...


def statement(model: str, manifest: Digest, event: Signed) -> bytes:
    """The bytes that a signature of the record is over.

    Canonical JSON of the purpose, the model, the digest of the version's manifest, and the whole
    record but its signature: version, stage, digest of the evidence, who, when, why, until when,
    and `prev`, the head of the log. So a signature fits one record in one place of one log.
    """
    return canonical(
        {
            "purpose": f"keepfit {event.__struct_config__.tag}",
            "model": model,
            "manifest": manifest,
            "record": msgspec.structs.replace(event, signature=""),
        }
    )


def signing(draft: Draft, signer: Signer, model: str, manifest: Digest) -> Draft:
    """The draft, signed once its place in the log is known."""
    # Once for the same record: a hardware key wants to be touched.
    sign = cache(signer.sign)

    def signed(*, seq: int, prev: Digest | None) -> Signed:
        event = draft(seq=seq, prev=prev)
        assert isinstance(event, Signed)  # noqa: S101 nothing else has a signature
        signature = sign(statement(model, manifest, event), event.at)
        return msgspec.structs.replace(event, signature=signature)

    return signed
