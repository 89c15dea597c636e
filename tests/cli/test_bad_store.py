"""A store that is damaged, full or closed: what it has stays whole, and nobody is fooled."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from functools import partial

import pytest

PR_CAPBSET_DROP = 24  # linux/prctl.h
OVERRIDES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: what lets root pass every permission


def change_a_byte(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


USES = {
    "predict": ("predict", "fare@latest", "data/trips-2013-01.csv", "out.csv"),
    "approve": ("approve", "fare", "--yes"),
    "promote": ("promote", "fare@latest", "--to", "production", "--yes"),
    "force": ("promote", "fare@latest", "--to", "production", "-y", "--force", "--reason", "now"),
}


@pytest.mark.parametrize(
    ("name", "use"),
    [
        *(("model/model.json", use) for use in USES),
        ("MANIFEST.json", "force"),
        ("rows.u64", "force"),
    ],
)
def test_a_version_edited_by_hand_is_neither_used_nor_released(trained, name, use):
    file = trained.version_file(name)
    whole = file.read_bytes()
    change_a_byte(file)
    said = trained.keepfit(*USES[use])
    said.refuses(4, f"{name} was changed: expected digest", "found", "next: restore it")
    assert "production" not in trained.registry().state("fare").stages
    assert not trained.file("out.csv").exists()
    file.write_bytes(whole)
    assert len(trained.versions()) == 1


def test_evidence_edited_by_hand_is_neither_shown_nor_approved(trained):
    change_a_byte(trained.version_file("evidence.json"))
    for typed in (("show", "fare@latest"), ("approve", "fare", "--yes")):
        trained.keepfit(*typed).refuses(4, "evidence.json was changed: expected digest", "next: ")


def test_a_file_of_a_version_that_is_gone_is_named(trained):
    trained.version_file("model/model.json").unlink()
    trained.keepfit("show", "fare@latest").refuses(
        4, "model/model.json is gone", "next: restore it"
    )


def test_a_log_edited_by_hand_is_read_by_nobody_and_written_by_nobody(trained):
    [record] = trained.store.glob("m/fare/log/*/*3.json")
    before = sorted(trained.store.glob("m/fare/log/*/*"))
    whole = record.read_bytes()
    record.write_bytes(whole.replace(b'"pass"', b'"warn"'))
    for typed in (("list",), ("run", "--force"), ("approve", "fare", "--yes")):
        trained.keepfit(*typed).refuses(4, "log", "000000/", ".json", "next: restore")
    record.write_bytes(whole)
    assert sorted(trained.store.glob("m/fare/log/*/*")) == before
    assert trained.keepfit("approve", "fare", "--yes").code == 0


def test_a_log_with_a_hole_is_named(trained):
    [record] = trained.store.glob("m/fare/log/*/*3.json")
    record.unlink()
    said = trained.keepfit("list")
    said.refuses(4, "the log of fare is damaged", f"{record.name} is missing", "next: restore")


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("ftp://acme/taxi", ["ftp://acme/taxi is of no known kind", "expected a folder"]),
        ("keepfit.toml", ["keepfit.toml is a file; expected a folder", "next: "]),
    ],
)
def test_a_store_that_cannot_be_is_named(project, store, words):
    project.edit("keepfit.toml", 'name = "taxi"', f'name = "taxi"\nstore = "{store}"')
    for verb in ("check", "run"):
        project.keepfit(verb).refuses(2, *words)


def without_rights():
    """Let root heed permissions as everybody else does: called in the child, before it begins."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in OVERRIDES:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.fixture
def closed(tmp_path):
    """Closes a folder for everybody; it is open again after the test."""
    folders = []

    def close(folder):
        folders.append(folder)
        folder.chmod(0o555)
        probe = [sys.executable, "-c", f"open({str(folder / 'probe')!r}, 'w')"]
        done = subprocess.run(probe, preexec_fn=without_rights, capture_output=True, check=False)
        if not done.returncode:
            pytest.skip("nothing keeps this user from writing")

    yield close
    for folder in folders:
        folder.chmod(0o755)


def test_a_store_without_write_permission_stays_as_it_is(project, closed):
    project.store.mkdir()
    closed(project.store)
    said = project.keepfit("run", preexec_fn=without_rights)
    said.refuses(4, f"could not write {project.store}", "Permission denied", "next: ")
    assert list(project.store.iterdir()) == []
    said = project.keepfit("check", preexec_fn=without_rights)
    said.refuses(2, f"project.store is {project.store}; expected a folder that can be written to")
    project.store.chmod(0o755)
    assert project.recovers()


def test_a_log_without_write_permission_takes_no_approval(trained, closed):
    [folder] = trained.store.glob("m/fare/log/*")
    closed(folder)
    said = trained.keepfit("approve", "fare", "--yes", preexec_fn=without_rights)
    said.refuses(4, f"could not write {folder}", "next: ")
    folder.chmod(0o755)
    assert "production" not in trained.registry().state("fare").stages
    assert trained.keepfit("approve", "fare", "--yes").code == 0


def test_a_project_without_write_permission_can_still_be_looked_at(trained, closed):
    closed(trained.root)
    closed(trained.store)
    for verb in ("plan", "list"):
        assert trained.keepfit(verb, preexec_fn=without_rights).code == 0
    said = trained.keepfit(
        "predict", "fare@latest", "data/trips-2013-01.csv", "out.csv", preexec_fn=without_rights
    )
    said.refuses(4, "out.csv cannot be written: Permission denied")


def test_a_source_without_read_permission_is_named(project, closed):
    closed(project.store.parent / "data")  # skips where permissions mean nothing
    secret = project.months()[1]
    secret.chmod(0)
    said = project.keepfit("run", preexec_fn=without_rights)
    said.refuses(4, "data/trips-2013-02.csv cannot be read: Permission denied", "next: ")


@pytest.mark.parametrize("limit", [100, 4_000])
def test_a_write_that_is_cut_off_leaves_nothing_half_written(project, limit):
    bound = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
    said = project.keepfit("run", preexec_fn=bound)
    said.refuses(4, f"could not write {project.store}", "File too large", "next: ")
    assert project.versions() == []
    assert not list(project.root.glob(".keepfit/*.tmp"))
    assert project.recovers()


@pytest.fixture
def small_disk(project):
    """Puts the store on a disk of so many kB; skips where none may be mounted."""
    project.store.mkdir()

    def mount(size):
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", str(project.store)]
        if not shutil.which("mount") or subprocess.run(command, check=False).returncode:
            pytest.skip("no disk may be mounted here")

    yield mount
    subprocess.run(["umount", str(project.store)], check=False)


@pytest.mark.parametrize("size", [4, 48])
def test_a_full_disk_leaves_nothing_half_written(project, small_disk, size):
    small_disk(size)
    said = project.keepfit("run")
    said.refuses(4, f"could not write {project.store}", "No space left", "next: the disk is full")
    assert project.versions() == []
    grown = ["mount", "-o", "remount,size=1m", str(project.store)]
    subprocess.run(grown, check=True)
    assert project.recovers()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 a device
def test_a_full_disk_behind_the_output_is_no_bug_of_keepfits(trained):
    with open("/dev/full", "w") as full:  # noqa: PTH123 a device
        done = subprocess.run(
            trained.command("list"),
            cwd=trained.root,
            stdout=full,
            stderr=-1,
            text=True,
            check=False,
        )
    assert done.returncode == 4
    assert "No space left on device" in done.stderr
    assert "next: free some space" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_a_damaged_mark(trained):
    mark = trained.store / "FORMAT"
    mark.write_bytes(mark.read_bytes()[:-4])
    trained.keepfit("list").refuses(4, "FORMAT")
    said = trained.keepfit("doctor", "--no-trials")
    assert said.code == 4
    assert "✗ FORMAT" in said.out
    assert "from a backup" in said.out


def test_the_doctor_of_a_store_without_models_does_not_call_it_whole(project):
    said = project.keepfit("doctor")
    assert said.code == 0
    assert "No model has been trained into this store yet" in said.out
