from __future__ import annotations

import importlib.metadata
import sys
import time

from keepfit.digest import sha256
from keepfit.train.cpu import cpu_class, linux_flags
from keepfit.train.pins import pinned, pinned_environ
from keepfit.train.recipe import distributions, environment


def test_everything_that_moves_numbers_is_pinned():
    names = pinned(3)
    assert names["PYTHONHASHSEED"] == "0"
    assert names["TZ"] == "UTC"
    assert {value for name, value in names.items() if "THREADS" in name} == {"3"}


def test_settings_of_the_parent_that_reach_into_the_numbers_are_left_out():
    given = {"PATH": "/bin", "OPENBLAS_VERBOSE": "2", "LANG": "tr_TR", "PYTHONHASHSEED": "9"}
    made = pinned_environ(given, 1)
    assert made == {"PATH": "/bin"} | pinned(1)


def test_distributions_are_what_importlib_metadata_finds():
    def plain(name):
        return name.lower().replace("_", "-").replace(".", "-")

    found = {
        f"{plain(d.metadata['Name'])}=={d.version}" for d in importlib.metadata.distributions()
    }
    assert set(distributions(sys.path)) == found


def test_the_first_folder_with_a_distribution_wins(tmp_path):
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"Some_Thing-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "b" / "old-0.3-py3.11.egg-info").mkdir()
    folders = [str(tmp_path / "a"), str(tmp_path / "nowhere"), str(tmp_path / "b")]
    assert distributions(folders) == ("old==0.3", "some-thing==1.0")


def test_the_lock_of_the_project_is_named_by_its_digest(tmp_path):
    (tmp_path / "uv.lock").write_text("version = 1\n")
    known = environment(1, tmp_path)
    assert known.lock == "uv.lock"
    assert known.lock_digest == sha256(b"version = 1\n")
    assert f"numpy=={importlib.metadata.version('numpy')}" in known.distributions


def test_without_a_lock_the_installed_distributions_are_the_lock(tmp_path):
    known = environment(2, tmp_path)
    assert known.lock == "distributions"
    assert f"numpy=={importlib.metadata.version('numpy')}" in known.distributions
    assert known.threads == 2
    assert "openblas" in known.blas.lower() or known.blas != "unknown"


def test_looking_around_is_quick(tmp_path):
    environment(1, tmp_path)
    begun = time.perf_counter()
    environment(1, tmp_path)
    assert time.perf_counter() - begun < 0.1


def test_the_class_of_the_processor_is_read_from_its_flags(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nflags\t\t: fpu avx2 fma\n\nprocessor : 1\nflags : none\n")
    assert linux_flags(info) == {"fpu", "avx2", "fma"}
    assert linux_flags(tmp_path / "none") == set()
    assert cpu_class()


def test_a_processor_with_avx2_gets_the_declared_kernels():
    declared = {"x86-64-v3": "Haswell", "x86-64-v4": "Haswell", "aarch64": "ARMV8"}
    assert pinned(1).get("OPENBLAS_CORETYPE") == declared.get(cpu_class())
    x86 = {"x86-64-v3": "avx2", "x86-64-v4": "avx2"}
    assert pinned(1).get("ATEN_CPU_CAPABILITY") == x86.get(cpu_class())
