"""A process of its own that begins and publishes versions: python writer.py STORE NAME COUNT.

It prints each version, and how often it lost its place in the log to another on the way.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from keepfit.records.rows import Snapshot, SplitReport
from keepfit.records.training import Candidate, Code, Environment, Recipe
from keepfit.records.version import Manifest
from keepfit.store.open import open_store
from keepfit.store.registry import Registry
from keepfit.store.versions import described

DIGEST = "0" * 64
FILES = {
    "model.json": b'{"weights":[1,2,3]}',
    "evidence.json": b'{"mae":2.3}',
    "junit.xml": b"<testsuite/>",
    "rows.u64": bytes(64),
}


def manifest_of(model, version, files, *, parts=()):
    split = SplitReport(
        by="random",
        train=8,
        validation=0,
        holdout=2,
        unlabelled=0,
        train_digest=DIGEST,
        holdout_digest=DIGEST,
    )
    candidate = Candidate(
        model=model,
        kind="ridge",
        files={"model.json": DIGEST},
        digest=DIGEST,
        snapshot=DIGEST,
        split=split,
        schema=(),
    )
    environment = Environment(
        python="3.11",
        platform="linux",
        cpu="any",
        blas="none",
        threads=1,
        variables={},
        lock="distributions",
        lock_digest=DIGEST,
    )
    recipe = Recipe(
        code=Code(digest=DIGEST),
        snapshot=Snapshot(digest=DIGEST, parts=tuple(parts), rows=10),
        config_digest=DIGEST,
        seed=1,
        environment=environment,
    )
    return Manifest(
        model=model,
        version=version,
        candidate=candidate,
        files=described(files),
        config={"kind": "ridge"},
        recipe=recipe,
    )


def begin(registry, op, *, model="fare", bump="patch", label="aff1242"):
    digests = {"config": DIGEST, "snapshot": DIGEST, "code": DIGEST}
    return registry.begin(model, op=op, bump=bump, label=label, **digests)


def publish(registry, op, *, model="fare", files=FILES, **options):
    """The version that the operation has published."""
    claim = begin(registry, op, model=model, **options)
    if not claim.published:
        registry.publish(model, claim, files, manifest_of(model, claim.version, files))
    return claim.version


def main(root, name, count):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        time.sleep(seconds)

    registry = Registry(open_store(root), clock=lambda: datetime.now(UTC), actor=name, sleep=sleep)
    for number in range(int(count)):
        waits.clear()
        sys.stdout.write(f"{publish(registry, f'{name}-{number}')} {len(waits)}\n")


if __name__ == "__main__":
    if "://" not in sys.argv[1]:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    main(*sys.argv[1:])
