"""Nobody can say what became of a request: the command that is then named finds out, does it once,
and answers as if nothing had been wrong."""

import shlex
import shutil
from collections import Counter
from dataclasses import dataclass

import pytest
import story

from keepfit.errors import Unclear
from keepfit.store.backends.local import LocalStore

VERBS = {
    "approve": ("approve", "fare", "--yes"),
    "reject": ("reject", "fare", "--reason", "the holidays"),
    "promote": ("promote", "fare@1.0.1", "--to", "production", "--yes"),
    "force": ("promote", "fare@1.0.1", "--to=production", "-y", "--force", "--reason", "a fire"),
    "rollback": ("rollback", "fare", "--stage", "staging", "--yes"),
    "pin": ("pin", "fare@1.0.1", "--reason", "the paper"),
    "unpin": ("unpin", "fare@1.0.0"),
    "gc": ("gc", "--yes"),
    "undelete": ("undelete", "fare@1.0.2"),
}


@pytest.fixture(scope="module")
def once_eventful(once_trained, tmp_path_factory):
    """Two versions that staging has held in turns, two that nothing needs, a pin, a deletion."""
    project = type(once_trained)(tmp_path_factory.mktemp("eventful") / "taxi")
    shutil.copytree(once_trained.root, project.root)
    assert project.keepfit("run", "--force").code == 3  # the same model once more
    text = project.file("keepfit.toml").read_text()
    project.file("keepfit.toml").write_text(text + "\n[model.fare.keep]\nversions = 1\ndays = 0\n")
    registry = project.registry()
    first, second = registry.state("fare").versions
    for version in (second, first):
        held = registry.state("fare").stages["staging"]
        if held.version != version:
            registry.promote("fare", version, "staging", expect=held.seq, how="force")
    evidence = registry.state("fare").versions[first].evidence
    registry.request("fare", first, "production", evidence=evidence, expect=None)
    for op in ("third", "fourth", "fifth"):
        story.WRITING["publish"](registry, op)
    registry.pin("fare", first, "it is old")
    registry.pin("fare", "1.0.3-aff1242", "not yet")
    assert project.keepfit("gc", "--yes").code == 0
    registry.unpin("fare", "1.0.3-aff1242")
    return project


@pytest.fixture
def eventful(once_eventful, tmp_path):
    shutil.copytree(once_eventful.root, tmp_path / "taxi")
    return type(once_eventful)(tmp_path / "taxi")


@pytest.fixture
def lossy(monkeypatch):
    """A store that answers about no record after the first so many; they are written, or not."""
    create = LocalStore.create

    @dataclass
    class Lossy:
        answered: int
        applied: bool

        def __enter__(self):
            def lossy_create(store, key, data):
                self.create(store, key, data)

            monkeypatch.setattr(LocalStore, "create", lossy_create)

        def __exit__(self, *_):
            monkeypatch.setattr(LocalStore, "create", create)

        def create(self, store, key, data):
            lost = "/log/" in key and not self.answered
            if "/log/" in key and self.answered:
                self.answered -= 1
            if self.applied or not lost:
                create(store, key, data)
            if lost:
                raise Unclear(f"nobody can say whether {key} was written", hint="look")

    return Lossy


def told(project):
    """What the log tells: how often each kind of record, what is live, and what stages hold."""
    state = project.registry().state("fare")
    assert not [entry for entry in state.entries if entry.void]
    kinds = Counter(type(entry.event).__name__ for entry in state.entries)
    stages = {stage: held.version for stage, held in state.stages.items()}
    live = {name: (held.status, held.pinned) for name, held in state.versions.items()}
    return {k: n for k, n in kinds.items() if k not in ("Begin", "Abort")}, stages, live


def named(said):
    """The command that a message tells to type."""
    return shlex.split(said.err.partition("nothing is done twice: keepfit ")[2])


@pytest.mark.parametrize("applied", [True, False], ids=["written", "not-written"])
@pytest.mark.parametrize("verb", VERBS)
def test_the_named_command_does_it_once(eventful, call, lossy, tmp_path, verb, applied):
    undisturbed = type(eventful)(tmp_path / "undisturbed")
    shutil.copytree(eventful.root, undisturbed.root)
    expected = call(undisturbed, *VERBS[verb])
    with lossy(0, applied):
        said = call(eventful, *VERBS[verb])
    said.refuses(6, "nobody can say", " --op ")
    done = call(eventful, *named(said))
    assert done.code == expected.code, done.err
    if verb != "gc":  # which tells what it did this time
        assert done.out.splitlines()[-2:] == expected.out.splitlines()[-2:]
    assert told(eventful) == told(undisturbed)
    assert call(eventful, *named(said)).code == expected.code
    assert told(eventful) == told(undisturbed)


@pytest.mark.parametrize(("answered", "applied"), [(0, True), (1, True), (1, False), (2, True)])
def test_a_run_by_force_makes_one_version_however_often_it_is_told_to(
    trained, call, lossy, answered, applied
):
    with lossy(answered, applied):
        said = call(trained, "run", "--force")
    said.refuses(6, "nobody can say")
    assert call(trained, *named(said)).code == 3  # it is the same model once more
    kinds, stages, live = told(trained)
    assert len(live) == 2
    assert kinds["Publish"] == kinds["Judged"] == 2
    assert call(trained, *named(said)).code == 3  # it is the same model once more
    assert told(trained) == (kinds, stages, live)


def test_a_run_of_one_name_is_done_once_whatever_has_changed_since(trained, call):
    trained.edit(
        "keepfit.toml",
        "[model.fare.split]",
        "[model.fare.params]\nalpha = 9.0\n\n[model.fare.split]",
    )
    assert call(trained, "run", "--op", "nightly-1").code == 3  # worse, and a version
    trained.edit("keepfit.toml", "alpha = 9.0", "alpha = 3.0")
    assert "published before" in call(trained, "run", "--op", "nightly-1").out
    assert len(trained.registry().state("fare").versions) == 2


def test_a_name_that_did_something_else_is_refused(eventful, call):
    assert call(eventful, *VERBS["rollback"], "--op", "back").code == 0
    said = call(eventful, "rollback", "fare", "--stage", "production", "--yes", "--op", "back")
    said.refuses(2, "the operation back was about staging, not production", "another --op")


@pytest.mark.parametrize("op", ["", "a b", "../up", "a/b", "x" * 101])
def test_a_name_that_is_none_is_refused(eventful, call, op):
    call(eventful, *VERBS["pin"], "--op", op).refuses(2, "--op", "expected a name", "such as")
