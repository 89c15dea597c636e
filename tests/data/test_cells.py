"""A cell read in plain Python is the cell that polars reads, or is refused in the same words."""

import struct
import subprocess
import sys
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keepfit.data.types.cells import Unreadable, reader_of
from keepfit.data.types.conform import REASON, conform
from keepfit.records.rows import Column

WHOLE = [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
DTYPES = ["Float64", "Float32", *WHOLE, "Boolean", "String"]
NASTY = [
    *("", "   ", "1_000", "1__0", "inf", "+INF", "-Infinity", "infx", "nan", "-NaN", "nan(1)"),
    *(
        "1e5",
        "1E+5",
        "1e-5",
        "1e",
        "1e+",
        "e5",
        "1e5.5",
        "+5",
        "++5",
        "- 5",
        ".5",
        "5.",
        "-.5",
        ".",
    ),
    *("-", "+", "0x10", "0b1", "1.5f", "1d5", "1,5", "1 000", "1.2.3", "00012", "1e0005"),
    *("\u0661", "\uff15", "5\x00", "\x005", "\u200b5", "\ufeff5", "\x1c5", "5\x1f", "\x855"),
    *("\xa05\xa0", "\u20035", "\u2028 5", "\t5\n", "\u180e5", "\x0b5", "\u205f5\u3000"),
    *("1e400", "-1e400", "1e-400", "0e999999999999", "1e99999999999999999999", "3.0", "3.5", "-0"),
    *("-0.0", "127", "128", "-128", "-129", "255", "256.0", "1e2", "1e3", "2147483648", "65536"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "9007199254740993.0"),
    *("18446744073709551615", "18446744073709551616", "18446744073709551615.0", "1" * 400),
    *("16777217", "16777217.0000000001", "16777216.9999999999", "1.000000059604644775390625"),
    *("340282356779733661637539395458142568447", "340282356779733661637539395458142568448"),
    *("340282356779733661637539395458142568449", "1e-46", "7.006492321624085e-46", "7.1e-46"),
    *("0" * 5000 + "9007199254740993", "1" * 5000, "9007199254740993", "-" + "0" * 30 + "7"),
    *("true", "TRUE ", "T", "yes", "Y", "No", "f", "0", "1", "1.0", "\u017f", "\u212a", "fAlse"),
]
SPACE = st.sampled_from(["", "", " ", "\t", "\xa0", "\x1c", "\u2003", "\u200b"])
DIGITS = st.text("0123456789", max_size=25)
WRITTEN = st.one_of(
    st.sampled_from(NASTY),
    st.floats().map(repr),
    st.floats(width=32).map(repr),
    st.integers(-(2**65), 2**65).map(str),
    st.integers(-300, 70000).map(lambda value: f"{value}.0"),
    st.builds("{}{}{}{}{}{}{}".format, st.sampled_from(["", "+", "-"]), DIGITS,
              st.sampled_from(["", ".", "_", ","]), DIGITS,
              st.sampled_from(["", "e", "E", "e-", "E+", "_"]), st.text("0123456789", max_size=3),
              st.sampled_from(["", "", "f", ".", "%"])),
    st.text(max_size=5),
    st.text("0123456789.eE+-_ infatruye\x1f\xa0", max_size=8),
)  # fmt: skip
TEXTS = st.builds("{}{}{}".format, SPACE, WRITTEN, SPACE)


@st.composite
def halves(draw):
    """Texts at, and just beside, the middle of two neighbouring Float32."""
    size = draw(st.integers(0, 0x7F7F_FFFE))  # the bits of every finite Float32 but the largest
    below, above = (struct.unpack("f", struct.pack("I", bits))[0] for bits in (size, size + 1))
    middle = (below + above) / 2
    digits = draw(st.sampled_from(["", "-"])) + format(Decimal(middle), "f")
    dotted = digits if "." in digits else digits + "."
    return draw(st.sampled_from([digits, dotted + "0" * 30 + "1", repr(middle)]))


def by_polars(texts, dtype):
    """(value, reason) of each cell; the reason without the column's name."""
    made = conform(pl.DataFrame({"c": texts}, {"c": pl.String}), [Column(name="c", dtype=dtype)])
    return [(v, r and r.removeprefix("c: ")) for v, r in made.collect().select("c", REASON).rows()]


def by_hand(text, dtype):
    try:
        return reader_of(dtype)(text), None
    except Unreadable as error:
        return None, str(error)


def same(one, other):
    """Equal in value, type, sign of zero and reason."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_nasty_text_is_read_as_polars_reads_it(dtype):
    for text, expected in zip(NASTY, by_polars(NASTY, dtype), strict=True):
        assert same(by_hand(text, dtype), expected), text


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_any_text_is_read_as_polars_reads_it(texts):
    for dtype in DTYPES:
        for text, expected in zip(texts, by_polars(texts, dtype), strict=True):
            assert same(by_hand(text, dtype), expected), (dtype, text)


@settings(max_examples=200, deadline=None)
@given(st.lists(halves(), min_size=1, max_size=20))
@example(["16777217.0000000001"])
def test_a_single_is_the_nearest_to_the_text(texts):
    for text, expected in zip(texts, by_polars(texts, "Float32"), strict=True):
        assert same(by_hand(text, "Float32"), expected), text


@pytest.mark.parametrize("dtype", ["Date", "Datetime(time_unit='us', time_zone=None)", "Null"])
def test_types_that_only_polars_reads_have_no_reader(dtype):
    assert reader_of(dtype) is None


def test_reading_cells_loads_nothing_heavy():
    heavy = {"numpy", "polars", "pydantic"}
    code = f"import sys, keepfit.data.types.cells; print(*{heavy} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (out.stdout.strip(), out.stderr) == ("", "")
