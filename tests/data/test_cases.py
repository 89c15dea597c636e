"""The file of a benchmark: whose answers are clear, whose are not, and what is refused."""

import json

import polars as pl
import pytest

from keepfit.config.schema.gate import Benchmark
from keepfit.data.cases import read_cases
from keepfit.digest import sha256_file
from keepfit.errors import DataRefused, UserError

TEXT, NUMBER = pl.String(), pl.Float64()


@pytest.fixture
def read(tmp_path):
    """Cases of a file of these rows."""

    def of(rows, dtype=TEXT, name="known.csv", **spec):
        path = tmp_path / name
        if name.endswith("jsonl"):
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        elif name.endswith("parquet"):
            pl.DataFrame(rows).write_parquet(path)
        else:
            pl.DataFrame(rows).write_csv(path)
        found = read_cases(path, Benchmark(file=name, **spec), "code", dtype)
        assert found.digest == sha256_file(path)
        return found

    return of


def case(who, text, code, **more):
    return {"who": who, "text": text, "code": code, **more}


@pytest.mark.parametrize("name", ["known.csv", "known.jsonl", "known.parquet"])
def test_codes_keep_their_zeros_in_every_format(read, name):
    found = read([case("a", "apples", "0808100080")], name=name)
    assert found.expected.to_list() == ["0808100080"]
    assert found.rows.columns == ["who", "text"]


def test_equal_cases_with_several_answers_are_ambiguous_whatever_they_are_called(read):
    rows = [case("a", "nuts", "08"), case("b", "nuts", "20"), case("c", "figs", "08")]
    found = read(rows, case="who")
    assert (found.names.to_list(), found.ambiguous) == (["c"], 2)
    again = read([case("a", "nuts", "08"), case("b", "nuts", "08")], case="who")
    assert (again.names.to_list(), again.ambiguous) == (["a", "b"], 0)


def test_cases_of_one_name_with_several_answers_are_ambiguous(read):
    rows = [case("a", "nuts", "08"), case("a", "peanuts", "20"), case("c", "figs", "08")]
    assert read(rows, case="who").names.to_list() == ["c"]
    assert read([{k: v for k, v in r.items() if k != "who"} for r in rows]).ambiguous == 0


def test_a_case_without_a_name_is_called_by_its_row(read):
    assert read([case("a", "x", "1"), case("b", "y", "2")]).names.to_list() == ["1", "2"]
    assert read([case(None, "x", "1"), case("b", "y", "2")], case="who").names.to_list() == [
        "1",
        "b",
    ]


@pytest.mark.parametrize("words", [("true", "false", None), (1, 0, None), ("yes", "no", "")])
def test_a_column_may_say_what_is_ambiguous(read, words):
    rows = [case(str(i), f"t{i}", "1", unclear=word) for i, word in enumerate(words)]
    found = read(rows, case="who", ambiguous="unclear")
    assert (found.names.to_list(), found.ambiguous) == (["1", "2"], 1)


def test_the_answer_is_read_in_the_targets_type(read):
    assert read([case("a", "x", "12.5")], NUMBER).expected.to_list() == [12.5]
    with pytest.raises(DataRefused, match=r"1 cases have no .* row 1: code: 'dear'"):
        read([case("a", "x", "dear")], NUMBER)
    with pytest.raises(DataRefused, match="row 2: code: there is none"):
        read([case("a", "x", "1"), case("b", "y", None)])


def test_a_column_that_is_not_there_is_named(read):
    with pytest.raises(UserError, match="the rows lack the column `cod`"):
        read([case("a", "x", "1")], answer="cod")
