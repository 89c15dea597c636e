"""
Pages that can be tried: what they show is done in a scratch folder and held against what comes out.

A page is read from top to bottom:

* a `console` block: each line `$ command` is run by the shell, what follows is its output. A
  command with nothing below it shows no output and must succeed. A line `…` stands for any lines.
* `<!-- file: PATH -->` above a block: the block is written to PATH.
* `<!-- run: COMMAND -->`: run, and must succeed; readers don't see it.
* `<!-- needs: bucket -->`: a bucket with the name `acme` answers at the usual variables;
  `<!-- needs: ssh -->`: OpenSSH's ssh-keygen is there; `<!-- needs: torch -->`: torch is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
HOME = "/home/ana"  # where the pages seem to be
NOT_REACHED = "could not be fetched from the package index"

_STEP = re.compile(
    r"<!-- (?P<word>run|file|needs): (?P<what>.+?) -->\n"
    r"|^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^\$ (?P<command>.*\n(?:> .*\n)*)(?P<shown>(?:(?!\$ ).*\n)*)", re.MULTILINE)

# What differs from one day and one machine to the next, and what stands for it.
_PASSING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "<time>"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), "<ulid>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
    (re.compile(r"\bx[0-9a-f]{6}\b"), "<label>"),
    (re.compile(r"\b[\d,.]+ (s|min|h)\b"), "<span>"),
    (re.compile(r"[\d,]+ rows/s"), "<speed>"),
    (re.compile(r"(\d+\.\d{5})\d{3,}"), r"\1"),  # the last digits hang on the processor
    (re.compile(r" {2,}"), "  "),  # columns are as wide as what stands in them
)


def lasting(text: str) -> str:
    """The text without what differs from one run to the next."""
    for pattern, instead in _PASSING:
        text = pattern.sub(instead, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def agrees(shown: str, came: str) -> bool:
    """Whether output is what a page shows of it."""
    parts = re.split(r"^…$", lasting(shown), flags=re.MULTILINE)
    return re.fullmatch(".*".join(map(re.escape, parts)), lasting(came), re.DOTALL) is not None


def shortened(came: str, shown: str) -> str:
    """Output with as many lines before and after a `…` as were shown before."""
    head, gap, tail = shown.partition("…\n")
    if not gap:
        return came
    lines = came.splitlines(keepends=True)
    return "".join([*lines[: head.count("\n")], gap, *lines[len(lines) - tail.count("\n") :]])


@dataclass
class Shell:
    """A shell that keeps its folder, its variables and its last exit code."""

    scratch: Path
    variables: dict[str, str]
    folder: Path = field(init=False)
    code: int = 0

    def __post_init__(self) -> None:
        self.folder = self.scratch / "ana"
        self.folder.mkdir(exist_ok=True)

    def run(self, command: str) -> str:
        """What the command says on both its outputs, folders as the pages call them."""
        after = self.scratch / "after"
        script = f"(exit {self.code})\n{command}\ncode=$?\n(pwd && env -0) > {after}\nexit $code"
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        folder, _, variables = after.read_text().partition("\n")
        self.folder, self.code = Path(folder), done.returncode
        self.variables = dict(v.split("=", 1) for v in variables.split("\0") if v)
        said = done.stdout.replace(str(self.scratch / "ana"), HOME)
        assert "a bug in keepfit" not in said, f"$ {command}\n{said}"  # no page shows one
        return said

    def must(self, command: str) -> str:
        said = self.run(command)
        if self.code and NOT_REACHED in said:
            pytest.skip(said)
        assert self.code == 0, f"$ {command}\n{said}"
        return said


@dataclass
class Trial:
    """A page, tried."""

    shell: Shell
    page: str
    differences: list[str] = field(default_factory=list)
    now: list[tuple[int, int, str]] = field(default_factory=list)  # from, to, what came out there

    @property
    def text(self) -> str:
        """The page with what came out now."""
        text = self.page
        for start, end, came in reversed(self.now):
            text = text[:start] + came + text[end:]
        return text

    def go(self) -> Trial:
        """Every step of the page in order."""
        file: str | None = None
        for step in _STEP.finditer(self.page):
            if step["word"] == "run":
                self.shell.must(step["what"])
            elif step["word"] == "file":
                file = step["what"]
            elif file:
                path = self.shell.folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step["text"])
                file = None
            elif step["language"] == "console":
                self._try(step["text"], step.start("text"))
        return self

    def _try(self, block: str, begin: int) -> None:
        for found in _COMMAND.finditer(block):
            command = found["command"].replace("\n> ", "\n").rstrip("\n")
            shown = found["shown"]
            if not shown.strip():
                self.shell.must(command)
                continue
            came = self.shell.run(command)
            if self.shell.code and NOT_REACHED in came:
                pytest.skip(came)
            if not agrees(shown, came):
                self.differences.append(f"$ {command}\nshown:\n{shown}\ncame:\n{came}")
                start, end = (begin + place for place in found.span("shown"))
                self.now.append((start, end, shortened(came, shown)))


@pytest.fixture
def attempt(tmp_path, request):
    """From the path of a page to its trial."""

    def tried(page: Path) -> Trial:
        text = page.read_text()
        if "keepfit.kinds" in text and "uv pip" in text and not shutil.which("uv"):
            pytest.skip("uv, which builds a package without a network, is not here")
        if "<!-- needs: ssh -->" in text and not shutil.which("ssh-keygen"):
            pytest.skip("ssh-keygen, which signs, is not here")
        variables = _variables(tmp_path)
        if "<!-- needs: torch -->" in text and not find_spec("torch"):
            pytest.skip("torch, of the extra keepfit[torch], is not installed")
        if "<!-- needs: bucket -->" in text:
            variables |= request.getfixturevalue("bucket")
        return Trial(Shell(tmp_path, variables), text).go()

    return tried


def _variables(scratch: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("KEEPFIT", "AWS_"))}
    return kept | {
        "PATH": path,
        "LC_ALL": "C.UTF-8",
        "KEEPFIT_ACTOR": "ana",
        "GIT_CEILING_DIRECTORIES": str(scratch),
        "PYTHON": sys.executable,
    }


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """The variables under which a bucket `acme` answers, with tables of houses in it."""
    import boto3
    from moto.server import ThreadedMotoServer

    from keepfit.lifecycle.begin.houses import houses_csv

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "ana",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ALLOW_HTTP": "true",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="ana",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="acme")
    client.put_object(Bucket="acme", Key="sales/houses.csv", Body=houses_csv().encode())
    yield variables
    server.stop()
