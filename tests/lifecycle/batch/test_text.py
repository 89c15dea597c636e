"""Text cut into pieces of whole rows, which are the same again when they are joined."""

import csv
import gzip
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepfit.errors import SourceError
from keepfit.lifecycle.batch import text
from keepfit.lifecycle.batch.inputs import find_inputs
from keepfit.lifecycle.batch.text import Lines, cut, header_of, open_text

CELLS = st.text(alphabet='ab,"\n é\t', max_size=12)
TABLES = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30)


def as_csv(rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue().encode()


def rows_in(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(TABLES, st.integers(1, 200), st.booleans())
def test_every_piece_holds_whole_rows_and_together_they_are_all(rows, size, ends):
    data = as_csv(rows) if ends else as_csv(rows).removesuffix(b"\n")
    pieces = list(cut(io.BytesIO(data), size, quoted=True, place="it"))
    assert b"".join(piece for piece, _ in pieces) == data
    assert [last for _, last in pieces] == [False] * (len(pieces) - 1) + [True]
    assert [row for piece, _ in pieces for row in rows_in(piece)] == rows_in(data)
    assert all(piece for piece, _ in pieces[:-1])


@given(TABLES)
def test_the_header_is_the_first_row(rows):
    head = header_of(io.BytesIO(as_csv(rows)), place="it")
    assert rows_in(head) == rows_in(as_csv(rows[:1]))


def test_pieces_are_about_as_large_as_was_asked():
    data = b"".join(b"%d,%d\n" % (i, i) for i in range(10_000))
    sizes = [len(piece) for piece, _ in cut(io.BytesIO(data), 1000, quoted=True, place="it")]
    assert max(sizes) <= 2000
    assert len(sizes) >= len(data) // 2000


def test_a_text_of_nothing_is_one_piece_of_nothing():
    assert list(cut(io.BytesIO(b""), 10, quoted=True, place="it")) == [(b"", True)]


def test_a_quote_that_is_never_closed_ends_before_the_memory_does(monkeypatch):
    monkeypatch.setattr(text, "_LONGEST", 1000)
    data = b'1,"two\n' + b"3,4\n" * 1000
    with pytest.raises(SourceError, match=r"in\.csv cannot be read: a row has no end .* '1,\"two'"):
        list(cut(io.BytesIO(data), 100, quoted=True, place="in.csv"))
    monkeypatch.setattr(text, "_READ", 100)
    with pytest.raises(SourceError, match="a quote opens and is never closed"):
        header_of(io.BytesIO(data), place="in.csv")


@pytest.mark.parametrize("packed", [True, False])
def test_a_text_is_read_from_any_byte_on(tmp_path, packed):
    data = b"".join(b"%d,%d\n" % (i, i) for i in range(5000))
    path = tmp_path / ("in.csv.gz" if packed else "in.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    [one] = find_inputs(str(path), {})
    for start in (0, 1, 999, len(data) - 3, len(data)):
        with open_text(one, start, {}) as opened:
            assert opened.read(50) == data[start : start + 50]
            assert opened.read(1 << 20) == data[start + 50 :]


def test_lines_come_out_with_plain_ends():
    lines = Lines(pl.LazyFrame({"line": ["a", "", "b"]}))
    assert lines.read(100) == b"a\n\nb\n"
