from __future__ import annotations

import sys

import pytest

from keepfit.config.code import (
    GitState,
    check_metric,
    check_transform,
    code_of,
    label,
    load_function,
)
from keepfit.digest import digest_of, sha256
from keepfit.errors import UserError
from keepfit.records.training import Code

COMMIT = "aff1242" + "0" * 33


@pytest.fixture(autouse=True)
def _imports_as_before():
    modules, path = dict(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    def write(**files):
        for name, text in files.items():
            file = tmp_path / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def refusal(path, root):
    with pytest.raises(UserError) as caught:
        load_function(path, root)
    return str(caught.value)


def test_a_function_is_loaded_with_what_it_imports(write):
    root = write(features="from helper import TWO\ndef f(x): return x * TWO\n", helper="TWO = 2\n")
    assert load_function("features:f", root)(21) == 42


def test_a_changed_file_is_read_anew(write):
    root = write(features="from helper import K\ndef f(): return K\n", helper="K = 1\n")
    assert load_function("features:f", root)() == 1
    write(helper="K = 2\n")
    assert load_function("features:f", root)() == 2


def test_two_versions_of_a_module_live_side_by_side(tmp_path):
    functions = []
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "helper.py").write_text(f"NAME = {version!r}\n")
        (tmp_path / version / "features.py").write_text(
            "import helper\ndef f(): return helper.NAME\n"
        )
        functions.append(load_function("features:f", tmp_path / version))
    assert [function() for function in functions] == ["one", "two"]


def test_a_module_of_the_project_hides_no_other_module_for_long(write):
    import code as standard

    root = write(code="def f(): return 'mine'\n")
    assert load_function("code:f", root)() == "mine"
    assert sys.modules["code"] is standard


def test_what_a_function_imports_when_called_is_found(write):
    root = write(
        features="def f():\n    from late_helper import X\n    return X\n", late_helper="X = 3"
    )
    assert load_function("features:f", root)() == 3


def test_loading_leaves_no_files_behind(write):
    root = write(features="import helper\ndef f(): pass\n", helper="")
    load_function("features:f", root)
    assert sorted(file.name for file in root.iterdir()) == ["features.py", "helper.py"]


def test_a_missing_function_is_guessed(write):
    root = write(features="from math import sin\ndef add_geography(x): pass\n")
    assert refusal("features:add_geografy", root) == (
        "features:add_geografy: features.py has no function `add_geografy`. "
        "Did you mean `add_geography`?"
    )


def test_a_missing_module_is_guessed(write):
    root = write(features="")
    assert "there is no module `feature`" in refusal("feature:f", root)
    assert "Did you mean `features`?" in refusal("feature:f", root)


def test_what_is_no_function_is_refused(write):
    assert (
        refusal("features:f", write(features="f = 3\n")) == "features:f is int; expected a function"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nraise ValueError('no')\n", "features.py:2: ValueError: no"),
        ("import sys\nsys.exit('bye')\n", "features.py:2: SystemExit: bye"),
        ("import nothing_like_it\n", "features.py:1: ModuleNotFoundError: No module named"),
        ("import helper\n", "helper.py:1: ZeroDivisionError: division by zero"),
        ("import json\njson.loads('{')\n", "features.py:2: JSONDecodeError: "),
        ("x = = 1\n", "features.py:1: is not Python: invalid syntax"),
        ("import helper2\n", "helper2.py:2: is not Python: "),
    ],
)
def test_a_module_that_raises_is_told_with_the_line_that_did(write, text, message):
    root = write(features=text, helper="1 / 0\n", helper2="\ndef\n")
    assert refusal("features:f", root).startswith(message)


def test_a_transform_takes_rows_and_nothing_else():
    check_transform(lambda rows: rows)
    check_transform(lambda rows, scale=2: rows)
    for wrong in (lambda: 0, lambda a, b: 0, lambda *, rows: 0, lambda a, *, b: 0):
        with pytest.raises(UserError, match="expected a function of one LazyFrame"):
            check_transform(wrong)


def test_a_metric_takes_truth_and_prediction_and_perhaps_rows():
    check_metric(lambda truth, prediction: 0)
    check_metric(lambda truth, prediction, rows: 0)
    for wrong in (lambda a: 0, lambda a, b, c, d: 0):
        with pytest.raises(UserError, match="cannot be a metric"):
            check_metric(wrong)


def test_code_is_the_module_and_all_it_imports_of_the_project(write):
    modules = {
        "features": "import numpy\nfrom pkg import part\nfrom pkg.deep.er import x\n",
        "pkg/__init__": "",
        "pkg/part": "from . import sibling\nfrom .deep import thing\n",
        "pkg/sibling": "import features\ndef f():\n    import lazy\n",
        "pkg/deep/__init__": "from ..cousin import y\n",
        "pkg/deep/er": "",
        "pkg/deep/thing": "",
        "pkg/cousin": "",
        "pkg/unused": "",
        "lazy": "",
        "metrics": "",
        "other": "",
    }
    root = write(**modules)
    code, files = code_of(["features:f", "metrics:m", "json:loads"], root, git=GitState())
    unused = {"pkg/unused", "other"}
    assert files.keys() == {f"{module}.py" for module in modules.keys() - unused}
    assert code.files == {path: sha256(data) for path, data in files.items()}
    assert code.digest == digest_of(code.files)


def test_the_digest_of_code_follows_the_files_that_take_part_and_nothing_else(write):
    root = write(features="import helper\n", helper="", other="")
    before, _ = code_of(["features:f"], root, git=GitState())
    write(other="# changed")
    assert (
        code_of(["features:f"], root, git=GitState(COMMIT, clean=True))[0].digest == before.digest
    )
    write(helper="# changed")
    assert code_of(["features:f"], root, git=GitState())[0].digest != before.digest


def test_a_model_without_code_has_the_digest_of_no_files(tmp_path):
    code, files = code_of([], tmp_path, git=GitState())
    assert (code.digest, files) == (digest_of({}), {})


def test_code_is_clean_only_if_git_tracks_its_files(write):
    root = write(features="")
    tracked = GitState(COMMIT, clean=True, tracked=frozenset({"keepfit.toml", "features.py"}))
    untracked = GitState(COMMIT, clean=True, tracked=frozenset({"keepfit.toml"}))
    assert code_of(["features:f"], root, git=tracked)[0].clean
    assert not code_of(["features:f"], root, git=untracked)[0].clean


@pytest.mark.parametrize(
    ("commit", "clean", "expected"),
    [(COMMIT, True, "aff1242"), (COMMIT, False, "xabcdef"), (None, False, "xabcdef")],
)
def test_a_label_is_the_commit_of_a_clean_tree_or_the_digest(commit, clean, expected):
    assert label(Code(digest="abcdef" + "0" * 58, commit=commit, clean=clean)) == expected
