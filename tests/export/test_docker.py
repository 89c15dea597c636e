"""A Dockerfile, read as Docker would, and its programs, run without it."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keepfit.export.scripts import SCRIPTS

LOCK = f"""\
polars==1.35.0 \\
    --hash=sha256:{"a" * 64}
keepfit==0.1.0 \\
    --hash=sha256:{"b" * 64}
"""


def test_every_file_that_is_copied_is_there(project):
    context = project.exported()
    copied = [rest.split() for rest in context.all("COPY")]
    sources = [word for words in copied for word in words[:-1] if not words[0].startswith("--from")]
    assert len(sources) >= 4
    for source in sources:
        assert (context.folder / source).exists(), source


def test_every_file_that_is_copied_is_let_through_and_nothing_else(project):
    context = project.exported()
    first, *rest = (context.folder / ".dockerignore").read_text().splitlines()
    assert first == "*"
    allowed = {line[1:] for line in rest if line.startswith("!")}
    sources = {
        word.rstrip("/").partition("/")[0]
        for words in map(str.split, context.all("COPY"))
        for word in words[:-1]
        if not words[0].startswith("--from")
    }
    assert allowed == sources


def test_the_image_has_the_projects_file_and_code_and_nothing_else_of_it(project):
    context = project.exported()
    names = {name for name in context.files() if name.startswith("project/")}
    assert names == {
        f"project/{name}"
        for name in (
            *("keepfit.toml", "features.py", "helpers.py"),
            *("known.csv", "allowed_signers"),
        )
    }


def test_no_secret_is_in_it(project):
    context = project.exported()
    for name, file in context.files().items():
        assert b"canary" not in file.read_bytes(), name
    for word, rest in context.instructions:
        if word in ("ENV", "ARG", "LABEL"):
            assert not re.search(r"PASSW|SECRET|TOKEN|_KEY", rest, re.IGNORECASE)


def test_stages_are_named_and_bases_are_pinned(project):
    context = project.exported()
    assert [rest.split() for rest in context.all("FROM")] == [
        ["${BASE}", "AS", "build"],
        ["${BASE}", "AS", "runtime"],
    ]
    base = context.all("ARG")[0]
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-[a-z]+", base)
    assert f":{sys.version_info.major}.{sys.version_info.minor}-" in base
    assert "latest" not in (context.folder / "Dockerfile").read_text()


@pytest.mark.parametrize(("package", "installed"), [("lightgbm", ["libgomp1"]), ("polars", [])])
def test_libraries_that_a_wheel_does_not_bring_along_are_where_it_runs(project, package, installed):
    (project.root / "requirements.lock").write_text(f"{package}==4.7.0\n")
    context = project.exported()
    [*_, runtime] = [n for n, (word, _) in enumerate(context.instructions) if word == "FROM"]
    runs = [rest for word, rest in context.instructions[runtime:] if word == "RUN"]
    found = re.findall(r"install -y --no-install-recommends ([^&]+)", " ".join(runs))
    assert [name for names in found for name in names.split()] == installed


def test_nobody_is_root_unless_that_is_asked_for(project):
    context = project.exported()
    words = [word for word, _ in context.instructions]
    assert context.all("USER") == ["${USER}"]
    assert context.all("ARG")[-1] == "USER=keepfit"
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    text = (context.folder / "Dockerfile").read_text()
    assert "--build-arg USER=root" in text


def test_signals_arrive(project):
    """An instruction in brackets is run without a shell, and every program ends in exec."""
    context = project.exported()
    assert json.loads(context.all("ENTRYPOINT")[0]) == ["/opt/keepfit/bin/entry"]
    assert json.loads(context.all("CMD")[0]) == ["serve"]
    for name, text in SCRIPTS.items():
        runs = [line.strip() for line in text.splitlines() if "keepfit" in line or '"$@"' in line]
        commands = [line for line in runs if not line.startswith(("#", "set --"))]
        assert commands
        assert all(line.startswith("exec ") for line in commands), (name, commands)


def test_what_sagemaker_and_docker_ask_for_is_there(project):
    context = project.exported()
    environ = dict(pair.split("=", 1) for pair in shlex.split(context.all("ENV")[0]))
    assert environ["PYTHONUNBUFFERED"] == "1"
    assert environ["OPENBLAS_NUM_THREADS"] == environ["OMP_NUM_THREADS"] == "1"
    assert environ["PATH"].startswith("/opt/keepfit/bin:")
    assert context.all("EXPOSE") == ["8080"]
    (healthy,) = context.all("HEALTHCHECK")
    assert "/ping" in healthy
    command = json.loads(healthy[healthy.index("[") :])
    compile(command[-1], "healthcheck", "exec")
    assert "org.opencontainers.image.version" in context.all("LABEL")[0]


def test_a_lock_with_hashes_is_held_against_them(project):
    (project.root / "requirements.lock").write_text(LOCK)
    context = project.exported()
    assert (context.folder / "requirements.lock").read_text() == LOCK
    assert "--require-hashes --requirement /build/requirements.lock" in context.all("RUN")[1]


def test_without_a_lock_everything_installed_is_pinned(project):
    context = project.exported()
    lines = (context.folder / "requirements.lock").read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.+!-]+", line) for line in lines), lines
    assert any(line.startswith("polars==") for line in lines)
    assert "not by hash" in project.export("--overwrite").stdout


def test_a_lock_of_uv_is_exported_with_hashes(project):
    if not (shutil.which("uv") or Path(sys.executable).with_name("uv").exists()):
        pytest.skip("uv is not here")
    (project.root / "pyproject.toml").write_text(
        '[project]\nname = "wood"\nversion = "0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["six"]\n'
    )
    (project.root / "uv.lock").write_text(UV)
    with_uv = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "keepfit", "export", "docker"],
        cwd=project.root,
        env={**os.environ, "PATH": with_uv},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (project.root / "container" / "requirements.lock").read_text()
    assert "six==1.17.0" in text
    assert f"--hash={CS}" in text


CS = f"sha256:{'c' * 64}"
UV = f"""\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://index.example.org/simple" }}
wheels = [
    {{ url = "https://example.org/six-1.17.0-py2.py3-none-any.whl", hash = "{CS}", size = 9 }},
]

[[package]]
name = "wood"
version = "0"
source = {{ virtual = "." }}
dependencies = [
    {{ name = "six" }},
]

[package.metadata]
requires-dist = [{{ name = "six" }}]
"""


def test_keepfit_itself_comes_along_where_no_index_has_it(project, tmp_path):
    """The wheel is made of the code that runs here, and can be installed."""
    context = project.exported()
    (wheel,) = (context.folder / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        record = packed.read(next(n for n in names if n.endswith("/RECORD"))).decode()
    assert "keepfit/cli/__init__.py" in names
    assert not [name for name in names if "__pycache__" in name or fnmatch.fnmatch(name, "*.pyc")]
    assert {line.rsplit(",", 2)[0] for line in record.splitlines()} == set(names)
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", target, wheel], check=True, capture_output=True)
    said = subprocess.run(
        [sys.executable, "-c", "import keepfit; print(keepfit.__file__)"],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith(str(target))


def test_what_is_there_already_is_not_replaced_unless_that_is_said(project):
    context = project.exported()
    (context.folder / "Dockerfile").write_text("mine")
    done = project.export()
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (context.folder / "Dockerfile").read_text() == "mine"
    project.exported("--overwrite")
    assert (context.folder / "Dockerfile").read_text() != "mine"


def test_a_dry_run_shows_the_dockerfile_and_writes_nothing(project):
    done = project.export("--dry-run")
    assert "FROM ${BASE} AS runtime" in done.stdout
    assert not (project.root / "container").exists()


def test_the_same_project_gives_the_same_bytes(project):
    first = {name: file.read_bytes() for name, file in project.exported().files().items()}
    again = project.exported("--overwrite").files()
    assert {name: file.read_bytes() for name, file in again.items()} == first


# --- the programs, with a keepfit that tells what it was called with -----------------------------


@pytest.fixture
def program(project, tmp_path):
    """Run a program of the image; what it would have become."""
    context = project.exported()
    fake = tmp_path / "path"
    fake.mkdir()
    (fake / "keepfit").write_text('#!/bin/sh\necho "$$ keepfit $*"\n')
    (fake / "keepfit").chmod(0o755)

    def run(name, *arguments, **environ):
        path = os.pathsep.join([str(context.folder / "bin"), str(fake), os.environ["PATH"]])
        started = subprocess.Popen(
            [context.folder / "bin" / name, *arguments],
            env={**os.environ, "PATH": path, **environ},
            stdout=subprocess.PIPE,
            text=True,
        )
        out, _ = started.communicate(timeout=30)
        assert started.returncode == 0
        pid, _, command = out.strip().partition(" ")
        assert int(pid) == started.pid, "a shell stayed between"
        return command

    return run


@pytest.mark.parametrize(
    ("name", "arguments", "command"),
    [
        ("entry", ["train"], "keepfit sagemaker train"),
        ("entry", ["serve"], "keepfit sagemaker serve"),
        ("entry", [], "keepfit sagemaker serve"),
        ("train", [], "keepfit sagemaker train"),
        ("serve", [], "keepfit sagemaker serve"),
        ("entry", ["serve", "a@b"], "keepfit serve --host 0.0.0.0 --port 8080 a@b"),
        ("entry", ["list", "fare"], "keepfit list fare"),
        ("entry", ["keepfit", "list"], "keepfit list"),
    ],
)
def test_the_entry_becomes_what_it_was_asked_for(program, name, arguments, command):
    assert program(name, *arguments) == command


def test_a_variable_names_what_is_served(program):
    served = "keepfit serve --host 0.0.0.0 --port 8080 a@production b@1.2"
    assert program("entry", KEEPFIT_SERVE="a@production b@1.2") == served
    assert program("serve", KEEPFIT_SERVE="a@production b@1.2") == served


def test_the_image_trains(project, tmp_path):
    """The real thing, as far as it goes without Docker: the entry, the tree, the project."""
    context = project.exported()
    rows = "".join(f"{2 + i % 9},{1 + i % 9 + i % 4 / 10}\n" for i in range(200))
    (tmp_path / "ml" / "input" / "data" / "training").mkdir(parents=True)
    (tmp_path / "ml" / "input" / "data" / "training" / "rows.csv").write_text(rows)
    (tmp_path / "ml" / "input" / "config").mkdir(parents=True)
    (tmp_path / "ml" / "input" / "config" / "hyperparameters.json").write_text(
        '{"keepfit.columns": "girth,height", "alpha": "0.5"}'
    )
    path = os.pathsep.join([str(context.folder / "bin"), str(Path(sys.executable).parent)])
    done = subprocess.run(
        [context.folder / "bin" / "entry", "train"],
        cwd=context.folder / "project",
        env={
            **os.environ,
            "PATH": f"{path}:/usr/bin:/bin",
            "KEEPFIT_ML_ROOT": str(tmp_path / "ml"),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ml" / "model" / "BUNDLE.json").is_file()
