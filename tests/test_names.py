import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keepfit.errors import UserError
from keepfit.names import Reference, Version, check_name

NUMBER = st.integers(0, 10**6)
LABEL = st.from_regex(r"\A([0-9a-f]{7,40}|x[0-9a-f]{6})\Z")
NAME = st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,62}\Z")
VERSION = st.builds(Version, NUMBER, NUMBER, NUMBER, LABEL)


@given(VERSION)
def test_a_version_is_read_as_it_is_written(version):
    assert Version.parse(str(version)) == version
    assert str(Version.parse(str(version))) == str(version)
    assert Version.parse(str(version)).label == version.label


@given(st.text(max_size=30))
def test_what_is_read_as_a_version_was_written_as_one(text):
    try:
        version = Version.parse(text)
    except UserError:
        return
    assert str(version) == text


@pytest.mark.parametrize(
    "text",
    ["", "1.4.13", "1.4-aff1242", "01.4.13-aff1242", "1.4.13-AFF1242", "1.4.13-aff124",
     "1.4.13-x12345", "1.4.13-xyz1234", "v1.4.13-aff1242", "1.4.13-aff1242 ", "1.4.13-aff1242\n",
     "１.4.13-aff1242"],
)  # fmt: skip
def test_what_is_no_version_is_refused_with_an_example(text):
    with pytest.raises(UserError, match=r"expected one such as 1\.4\.13-aff1242"):
        Version.parse(text)


@given(VERSION, LABEL)
def test_each_step_is_higher_than_the_one_before_and_resets_what_is_lower(version, label):
    patch, minor, major = (version.bump(level, label) for level in ("patch", "minor", "major"))
    assert version < patch < minor < major
    assert patch.number == f"{version.major}.{version.minor}.{version.patch + 1}"
    assert minor.number == f"{version.major}.{version.minor + 1}.0"
    assert major.number == f"{version.major + 1}.0.0"
    assert {patch.label, minor.label, major.label} == {label}


@given(VERSION, VERSION)
def test_versions_are_ordered_as_numbers_not_as_text(one, other):
    key = [(v.major, v.minor, v.patch) for v in (one, other)]
    assert (one < other) == (key[0] < key[1])


@given(
    NAME,
    st.one_of(NAME, VERSION.map(str), st.from_regex(r"\A(0|[1-9]\d{0,3})(\.(0|[1-9]\d?)){0,2}\Z")),
)
def test_a_reference_is_read_as_it_is_written(model, selector):
    reference = Reference.parse(f"{model}@{selector}")
    assert (reference.model, reference.selector) == (model, selector)
    assert str(reference) == f"{model}@{selector}"


@given(st.text(max_size=40))
def test_what_is_read_as_a_reference_was_written_as_one(text):
    try:
        reference = Reference.parse(text)
    except UserError:
        return
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    ["fare", "fare@", "@latest", "Fare@latest", "fare@1.4@2", "fare@1.4.13.2", "fare@01.4",
     "fare@-x", "fare@PRODUCTION", "fare latest", "a" * 64 + "@1", "fare@../x"],
)  # fmt: skip
def test_what_is_no_reference_is_refused_with_the_spellings(text):
    with pytest.raises(UserError, match="is not a reference") as caught:
        Reference.parse(text)
    assert caught.value.hint.startswith("write MODEL@STAGE, MODEL@1.4.13, MODEL@1.4")


@given(VERSION, st.integers(1, 3))
def test_leading_numbers_select_by_whole_numbers(version, count):
    assume(version.major < 1_000_000)  # seven digits alone are a commit
    numbers = (version.major, version.minor, version.patch)[:count]
    reference = Reference("fare", ".".join(map(str, numbers)))
    assert reference.numbers == numbers
    assert reference.selects(version)
    longer = Version(*(n * 10 for n in (version.major, version.minor, version.patch)), "aff1242")
    assume(numbers != (longer.major, longer.minor, longer.patch)[:count])
    assert not reference.selects(longer)


def test_1_4_is_never_1_40():
    reference = Reference.parse("fare@1.4")
    assert reference.selects(Version.parse("1.4.0-aff1242"))
    assert reference.selects(Version.parse("1.4.99-aff1242"))
    assert not reference.selects(Version.parse("1.40.0-aff1242"))
    assert not reference.selects(Version.parse("14.0.0-aff1242"))


@given(VERSION)
def test_a_label_selects_by_its_beginning_and_latest_selects_every_version(version):
    assert Reference("fare", version.label).selects(version)
    assert Reference("fare", "latest").selects(version)
    assert Reference("fare", str(version)).selects(version)
    assert not Reference("fare", "production").selects(version)


def test_the_short_sha_of_a_longer_label_selects_it():
    version = Version.parse("1.4.13-aff1242bcd")
    assert Reference.parse("fare@aff1").selects(version)
    assert not Reference.parse("fare@ff12").selects(version)


@given(NAME)
def test_a_good_name_is_given_back(name):
    assert check_name("model", name) == name


@pytest.mark.parametrize(
    "name", ["", "Fare", "-fare", "_fare", "fa re", "a" * 64, "fare\n", "a/b", "é"]
)
def test_a_bad_name_is_refused_with_the_rule(name):
    with pytest.raises(UserError, match="cannot name a model: expected 1 to 63 of a-z"):
        check_name("model", name)
