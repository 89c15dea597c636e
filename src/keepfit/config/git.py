"""What git knows of a project."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_MAIN = ("main", "master", "trunk")  # whatever else a remote calls its own


@dataclass(frozen=True, slots=True)
class GitState:
    """The commit of a work tree, and whether its files are as that commit has them."""

    commit: str | None = None  # None: there is no git, no repository or no commit
    clean: bool = False  # no file that git tracks was changed
    tracked: frozenset[str] | None = None  # paths from the project's folder; None: nobody looked
    branch: str = ""  # the branch, where it is not the main one


def git_state(root: Path) -> GitState:
    """What git says of the project in the folder `root`; two short calls of git."""
    status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    files = _git(root, "ls-files", "-z", "--", "*.py", "keepfit.toml")
    if status is None or files is None:
        return GitState()
    tracked = frozenset(filter(None, files.split("\0")))
    changed = any(not line.startswith("#") for line in status.splitlines())
    head = re.search(r"^# branch\.oid ([0-9a-f]{40,})$", status, re.MULTILINE)
    if head is None:  # a repository without a commit
        return GitState(tracked=tracked)
    branch = _branch(root, status)
    return GitState(head[1], not changed and "keepfit.toml" in tracked, tracked, branch)


def signing_key(root: Path) -> Path | None:
    """The SSH key that git signs commits with (`user.signingkey`), or None."""
    name = (_git(root, "config", "user.signingkey") or "").strip()
    path = Path(name).expanduser()
    return path if name and path.is_file() else None


def live_branches(root: Path) -> frozenset[str] | None:
    """The branches that exist here or at a remote, as far as this clone knows.

    None without git, and where the clone was told to know of few branches, as in most CI jobs.
    """
    names = ("refs/heads", "refs/remotes")
    found = _git(root, "for-each-ref", "--format=%(refname)", *names)
    if found is None or not _knows_all_branches(root):
        return None
    local = (ref.removeprefix("refs/heads/") for ref in found.split() if "/heads/" in ref)
    # The first step of a remote's branch is the remote: refs/remotes/origin/faster.
    far = (ref.split("/", 3)[3] for ref in found.split() if ref.startswith("refs/remotes/"))
    return frozenset([*local, *far])


def _knows_all_branches(root: Path) -> bool:
    if (_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true":
        return False
    fetched = (_git(root, "config", "--get-regexp", r"^remote\..*\.fetch$") or "").splitlines()
    remotes = (_git(root, "remote") or "").split()
    return all(any(f"/{remote}/*" in line for line in fetched) for remote in remotes)


def _branch(root: Path, status: str) -> str:
    """The branch the work tree is on; none where it is the main one, or no branch at all."""
    head = re.search(r"^# branch\.head (\S+)$", status, re.MULTILINE)
    name = head[1] if head else "(detached)"
    if name in _MAIN or name == "(detached)":
        return ""
    main = _git(root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD") or ""
    return "" if main.strip().partition("/")[2] == name else name


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None where there is no git or no repository."""
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell
    except FileNotFoundError:
        return None
    return done.stdout.decode(errors="surrogateescape") if done.returncode == 0 else None
