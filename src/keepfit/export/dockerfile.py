"""The Dockerfile, and what of the folder its build may see."""

from __future__ import annotations

import json
from dataclasses import dataclass

BIN, PROJECT, WHEELS = "bin", "project", "wheels"  # folders beside the Dockerfile
_HEALTHY = (
    "import http.client, sys; "
    "c = http.client.HTTPConnection('127.0.0.1', 8080, timeout=2); "
    "c.request('GET', '/ping'); sys.exit(c.getresponse().status != 200)"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a Dockerfile hangs on."""

    name: str  # of the project
    keepfit: str  # its version
    python: str  # 3.11
    hashed: bool  # whether the lock pins files by their hashes
    origin: str  # of the lock, in words
    wheel: str | None  # the file of keepfit's own wheel, if it is brought along
    libraries: tuple[str, ...] = ()  # Debian's packages that wheels of the lock need


def dockerfile(facts: Facts) -> str:
    """The text of a Dockerfile with two stages: one that installs, one that runs."""
    return _TEMPLATE.format(
        python=facts.python,
        origin=facts.origin,
        install=_install(facts),
        libraries=_libraries(facts),
        title=json.dumps(facts.name or "keepfit"),
        version=facts.keepfit,
        healthy=json.dumps(["python", "-c", _HEALTHY]),
        bin=BIN,
        project=PROJECT,
    )


def ignored(facts: Facts) -> str:
    """Nothing reaches the build but what the Dockerfile copies."""
    folders = [BIN, PROJECT, *([WHEELS] if facts.wheel else [])]
    allowed = "".join(f"!{name}\n" for name in ("requirements.lock", *folders))
    return f"*\n{allowed}**/.env\n**/__pycache__\n"


def _libraries(facts: Facts) -> str:
    if not facts.libraries:
        return ""
    return (
        "# What wheels need and do not bring along.\n"
        "RUN apt-get update \\\n"
        f" && apt-get install -y --no-install-recommends {' '.join(facts.libraries)} \\\n"
        " && rm -rf /var/lib/apt/lists/*\n\n"
    )


def _install(facts: Facts) -> str:
    hashes = "--require-hashes " if facts.hashed else ""
    lines = ["COPY requirements.lock /build/"]
    if not facts.hashed:
        lines += [
            "# Exact versions, but no hashes: nothing here knows them. With a lock that has some,",
            "# `uv pip compile --generate-hashes` or uv.lock, each file is held against its own.",
        ]
    lines.append(
        "RUN /opt/venv/bin/pip install --no-cache-dir --only-binary :all: "
        f"{hashes}--requirement /build/requirements.lock"
    )
    if facts.wheel:
        lines += [
            f"COPY {WHEELS}/{facts.wheel} /build/",
            f"RUN /opt/venv/bin/pip install --no-cache-dir --no-deps /build/{facts.wheel}",
        ]
    return "\n".join(lines)


_TEMPLATE = """\
# An image that trains and serves: `docker run IMAGE train`, `docker run IMAGE serve`.
# Written by `keepfit export docker`; write it anew with --overwrite when the project changes.

# Pin it by digest where builds must repeat: --build-arg BASE=python@sha256:…
ARG BASE=python:{python}-slim-bookworm

FROM ${{BASE}} AS build
RUN python -m venv /opt/venv
# The packages: from {origin}.
{install}
RUN /opt/venv/bin/python -m compileall -q /opt/venv/lib || true

FROM ${{BASE}} AS runtime
LABEL org.opencontainers.image.title={title} \\
      org.opencontainers.image.description="Models of keepfit: training and serving" \\
      org.opencontainers.image.version="{version}"

# One thread for each process: more of them give other last digits, and get in each other's way.
# Output goes out line by line, or the log of a process that dies would lack its end.
ENV PATH=/opt/keepfit/bin:/opt/venv/bin:$PATH \\
    OMP_NUM_THREADS=1 \\
    OPENBLAS_NUM_THREADS=1 \\
    MKL_NUM_THREADS=1 \\
    PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1

{libraries}COPY --from=build /opt/venv /opt/venv
COPY {bin}/ /opt/keepfit/bin/
COPY {project}/ /app/

# SageMaker runs containers as root, and its /opt/ml belongs to root: an image for it is built with
# --build-arg USER=root. Anywhere else a server needs no rights, so it gets none.
ARG USER=keepfit
RUN useradd --system --uid 10001 --create-home keepfit \\
 && mkdir -p /opt/ml /app/.keepfit /app/store \\
 && chown -R keepfit /opt/ml /app/.keepfit /app/store
USER ${{USER}}
WORKDIR /app

EXPOSE 8080
# SageMaker waits 4 minutes for the first answer; Docker is told to do the same.
HEALTHCHECK --interval=30s --timeout=3s --start-period=240s CMD {healthy}

# A list, not a text: a shell between would keep SIGTERM to itself.
ENTRYPOINT ["/opt/keepfit/bin/entry"]
CMD ["serve"]
"""
