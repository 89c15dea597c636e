"""Signatures by OpenSSH's own tool, `ssh-keygen -Y`, so that no key is ever read here.

The formats: SSHSIG, https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig, and
the section ALLOWED SIGNERS of ssh-keygen(1).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from keepfit.errors import SystemFailure, UserError
from keepfit.store.log.nouns import time_of

NAMESPACE = "keepfit"  # what the signatures are for: none of git's or of files counts here
_MAGIC = b"SSHSIG\x00\x00\x00\x01"
_LONGEST = 16 * 1024  # characters of a signature
_PUBLIC = re.compile(r"((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) ([A-Za-z0-9+/]{16,}={0,2})")
_HEAD, _FOOT = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PLAIN = {"TZ": "UTC", "LC_ALL": "C"}  # older versions read times by the local clock


@dataclass(frozen=True, slots=True)
class SshSigner:
    """Somebody whom the project's file of signers names, with the key at hand."""

    name: str  # the principal, as the file spells it
    key: Path  # private, or public where an agent holds the private one
    signers: Path

    def sign(self, message: bytes, at: str) -> str:
        """The signature of the message, in base64; UserError where the key does not give one that
        counts at the ISO time `at`."""
        done = _ssh_keygen("sign", "-f", str(self.key), "-n", NAMESPACE, message=message)
        if done.returncode:
            raise UserError(
                f"{self.key} did not sign: {_last_line(done.stderr)}",
                hint="name a key with --key or KEEPFIT_SIGNING_KEY, or load it: ssh-add",
            )
        lines = done.stdout.decode("ascii").strip().splitlines()
        signature = "".join(lines[1:-1])
        if not holds(self.signers, self.name, signature, message, at):
            raise UserError(
                f"{self.key} signed, and {self.signers} does not let {self.name} sign with it",
                hint="look at the key's line there: its name, namespaces and times",
            )
        return signature


def signer_of(signers: Path, key: Path, name: str) -> SshSigner:
    """Who signs with the key; `name` chooses where the file names several for it. UserError."""
    public = _public_key(key)
    named = [pattern for line in _lines_of(signers) if line.key in public for pattern in line.names]
    plain = [pattern for pattern in named if not re.search(r"[*?!]", pattern)]
    if name in plain or any(fnmatchcase(name, pattern) for pattern in named if pattern[:1] != "!"):
        return SshSigner(name, key, signers)
    if not plain:
        raise UserError(
            f"{signers} names nobody with the key {key}",
            hint=f'a line for it, once others agree: NAME namespaces="{NAMESPACE}" {public}',
        )
    return SshSigner(plain[0], key, signers)


def holds(signers: Path, name: str, signature: str, message: bytes, at: str) -> bool:
    """Whether the file lets `name` sign at that ISO time, and this is the signature of the message.

    UserError where there is no such file, SystemFailure where OpenSSH is not installed.
    """
    if not signers.is_file():
        raise UserError(
            f"there is no file {signers}, which [project] signers names",
            hint='one line a person: NAME namespaces="keepfit" ssh-ed25519 AAAA…',
        )
    moment = time_of(at)
    if moment is None or key_in(signature) is None or "\0" in name:
        return False
    with tempfile.NamedTemporaryFile("w", prefix="keepfit-", suffix=".sig") as file:
        file.write(f"{_HEAD}\n{signature}\n{_FOOT}\n")
        file.flush()
        about = ["-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", file.name]
        when = f"-Overify-time={moment.astimezone(UTC):%Y%m%d%H%M%S}"
        return _ssh_keygen("verify", *about, when, message=message).returncode == 0


def key_in(signature: str) -> bytes | None:
    """The public key that a signature names, or None where it is none of our namespace."""
    if len(signature) > _LONGEST:
        return None
    try:
        blob = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
    if not blob.startswith(_MAGIC):
        return None
    fields = list(_strings(blob[len(_MAGIC) :]))
    return fields[0] if len(fields) == 5 and fields[1] == NAMESPACE.encode() else None


def _strings(blob: bytes) -> Iterator[bytes]:
    """The strings of a blob, each behind its length; none after one that is cut."""
    while len(blob) >= 4:
        end = 4 + int.from_bytes(blob[:4], "big")
        if end > len(blob):
            return
        yield blob[4:end]
        blob = blob[end:]


def _public_key(key: Path) -> str:
    """Type and base64 of a key's public half; UserError where it is nowhere."""
    for path in (key, key.with_name(f"{key.name}.pub")):
        try:
            found = _PUBLIC.search(path.read_text("utf-8", errors="replace"))
        except OSError:
            continue
        if found:
            return f"{found[1]} {found[2]}"
    raise UserError(
        f"{key}: there is no public key there, nor in {key.name}.pub",
        hint=f"ssh-keygen -y -f {key} > {key}.pub; a new one: ssh-keygen -t ed25519",
    )


def names_of(signers: Path, name: str, key: bytes | None) -> frozenset[str]:
    """Every name of whom `name` and `key` are of: the file gives one person several keys, and one
    key several names."""
    names = {name}
    keys = {base64.b64encode(key).decode()} if key else set()
    lines = list(_lines_of(signers))
    while more := [line for line in lines if line.key in keys or not names.isdisjoint(line.names)]:
        lines = [line for line in lines if line not in more]
        keys |= {line.key for line in more}
        names |= {pattern for line in more for pattern in line.names}
    return frozenset(names)


class _Line(NamedTuple):
    """A line of the file of signers."""

    names: tuple[str, ...]  # or patterns of names
    key: str  # in base64


def _lines_of(signers: Path) -> Iterator[_Line]:
    try:
        lines = signers.read_text("utf-8").splitlines()
    except OSError as error:
        raise UserError(
            f"{signers}, which [project] signers names: {error.strerror}",
            hint='one line a person: NAME namespaces="keepfit" ssh-ed25519 AAAA…',
        ) from error
    for line in lines:
        if (found := _PUBLIC.search(line)) and not line.lstrip().startswith("#"):
            yield _Line(tuple(line.split()[0].strip('"').split(",")), found[2])


def _ssh_keygen(what: str, *arguments: str, message: bytes) -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", "-Y", what, *arguments]
    try:
        return subprocess.run(  # noqa: S603 - no shell
            command, input=message, capture_output=True, check=False, env=os.environ | _PLAIN
        )
    except FileNotFoundError as error:
        raise SystemFailure(
            "signatures need ssh-keygen, which is not installed",
            hint="install OpenSSH's client: apt install openssh-client, apk add openssh-keygen, "
            "dnf install openssh",
        ) from error


def _last_line(text: bytes) -> str:
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
