"""The exact packages of an image: the project's own lock with hashes, else what is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from keepfit.errors import SystemFailure

LOCK = "requirements.lock"  # in the project, and in the image
_UV = "uv.lock"
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_TOOLS = {"pip", "setuptools", "wheel", "uv"}  # they install; nothing imports them
_NEEDED = {"lightgbm": "libgomp1"}  # Debian's packages that a wheel does not bring along
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Lock:
    """Requirements as pip reads them."""

    text: str
    hashed: bool  # whether every file is pinned by its hash
    origin: str  # where they came from, in words

    def names(self) -> set[str]:
        """The packages that are pinned, as indexes spell them."""
        return {normal(name) for name in _NAME.findall(self.text)}

    def libraries(self) -> tuple[str, ...]:
        """Debian's packages without which some of them cannot be imported."""
        return tuple(sorted({_NEEDED[name] for name in self.names() & _NEEDED.keys()}))


def lock_of(root: Path) -> Lock:
    """The project's lock; without one, exactly what is installed here."""
    if (root / _UV).is_file():
        return Lock(_exported(root), hashed=True, origin=_UV)
    if (root / LOCK).is_file():
        text = (root / LOCK).read_text("utf-8")
        return Lock(text, hashed="--hash=" in text, origin=LOCK)
    return Lock(_installed(), hashed=False, origin="what is installed here")


def normal(name: str) -> str:
    """The name of a package as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _exported(root: Path) -> str:
    uv = shutil.which("uv")
    if uv is None:
        raise SystemFailure(f"{root / _UV} is read by uv, which is not here", hint="pip install uv")
    command = [uv, "export", "--frozen", "--offline", "--no-dev", "--no-emit-project"]
    command += ["--no-header", "--no-annotate", "--no-emit-package", "keepfit"]
    done = subprocess.run(  # noqa: S603 no shell, and the program was looked up
        command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise SystemFailure(
            f"uv could not read {root / _UV}: {said[-1] if said else done.returncode}",
            hint="uv lock",
        )
    return done.stdout


def _installed() -> str:
    """`name==version` of every distribution that a package index may have."""
    found: dict[str, str] = {}
    for one in metadata.distributions():
        name = normal(one.metadata["Name"] or "")
        if name and name not in _TOOLS and not is_local(one):
            found.setdefault(name, f"{name}=={one.version}")
    return "".join(f"{line}\n" for _, line in sorted(found.items()))


def is_local(one: metadata.Distribution) -> bool:
    """Whether it was installed from a folder or an address, so that no index has these bytes."""
    return one.read_text("direct_url.json") is not None
