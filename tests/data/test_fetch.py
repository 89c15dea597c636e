from __future__ import annotations

import gzip
import io
import logging
import sqlite3

import polars as pl
import pytest

from keepfit.data.files.fingerprint import fingerprint
from keepfit.data.files.statcache import StatCache
from keepfit.errors import SourceError, UserError

JANUARY = b"t,x,y\n2020-01-01,1,2\n2020-01-02,3,4\n"
FEBRUARY = b't,x,y\r\n2020-02-01,"5",6\r\n'


class Bucket:
    """A bucket of a local S3 server, and the environment in which it is found."""

    def __init__(self, endpoint: str) -> None:
        import boto3

        self.environ = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "planted",
            "AWS_SECRET_ACCESS_KEY": "planted",
            "AWS_REGION": "us-east-1",
            "HOME": "/nowhere",
        }
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="planted",
            aws_secret_access_key="planted",
            region_name="us-east-1",
        )
        self._client.create_bucket(Bucket="trips")

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket="trips", Key=key, Body=data)


@pytest.fixture(scope="module")
def bucket():
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    bucket = Bucket(f"http://{host}:{port}")
    bucket.put("csv/2020-01.csv", JANUARY)
    bucket.put("csv/2020-02.csv", FEBRUARY)
    bucket.put("gz/2020-01.csv.gz", gzip.compress(JANUARY))
    for month, x in (("01", 1), ("02", 2.5)):
        file = io.BytesIO()
        pl.DataFrame({"x": [x], "y": [1]}).write_parquet(file)
        bucket.put(f"parquet/{month}.parquet", file.getvalue())
    yield bucket
    server.stop()


@pytest.mark.parametrize("source", ["s3://trips/csv/*.csv", "s3://trips/csv/2020-0[12].csv"])
def test_text_files_of_a_bucket_are_frozen_one_part_a_file(bucket, project, spec, source):
    model = spec(data={"source": source, "time": "t"})
    snapshot = project.freeze(model, **bucket.environ)
    assert [part.uri for part in snapshot.parts] == [
        "s3://trips/csv/2020-01.csv",
        "s3://trips/csv/2020-02.csv",
    ]
    assert project.rows(model, **bucket.environ)["x"].to_list() == [1, 3, 5]
    assert project.parts.path(snapshot.parts[0].digest).read_bytes() == JANUARY


def test_packed_files_of_a_bucket_are_unpacked(bucket, project, spec):
    model = spec(data={"source": "s3://trips/gz/2020-01.csv.gz"})
    assert project.rows(model, **bucket.environ)["y"].to_list() == [2, 4]


def test_parquet_files_of_a_bucket_may_differ_in_the_width_of_numbers(bucket, project, spec):
    model = spec(data={"source": "s3://trips/parquet/*.parquet"})
    assert project.rows(model, **bucket.environ)["x"].to_list() == [1, 2.5]
    first = project.freeze(model, **bucket.environ)
    assert project.freeze(model, **bucket.environ) == first


def test_a_cloud_pattern_that_matches_nothing_is_the_users_to_correct(bucket, project, spec):
    for source in ("s3://trips/none/*.csv", "s3://trips/none/*.parquet"):
        with pytest.raises(UserError, match=r"nothing matches s3://trips/none"):
            project.freeze(spec(data={"source": source}), **bucket.environ)


def test_a_cloud_file_that_is_not_there_is_named_without_its_secrets(bucket, project, spec):
    model = spec(data={"source": "s3://trips/csv/1999.csv"})
    with pytest.raises(SourceError, match=r"s3://trips/csv/1999.csv cannot be read") as caught:
        project.freeze(model, **bucket.environ)
    assert "planted" not in str(caught.value)


def test_the_fingerprint_of_a_bucket_changes_with_what_it_holds(bucket, project, spec):
    data = spec(data={"source": "s3://trips/live/*.csv"}).data
    cache, environ = StatCache(), bucket.environ
    bucket.put("live/a.csv", JANUARY)
    first = fingerprint(data, project.root, cache, environ=environ)
    assert fingerprint(data, project.root, cache, environ=environ) == first
    bucket.put("live/a.csv", FEBRUARY)
    assert fingerprint(data, project.root, cache, environ=environ) != first


@pytest.fixture
def database(project):
    with sqlite3.connect(project.root / "rows.db") as connection:
        connection.execute("CREATE TABLE trips (t TEXT, x INTEGER, y REAL)")
        connection.execute("INSERT INTO trips VALUES ('2020-01-01', 1, 2.5), ('2020-01-02', 2, 3)")
    connection.close()
    return project


def sql(query: str, **more: str):
    return {"source": {"trips": {"sql": query, "uri": "sqlite:///rows.db"}}, **more}


def test_the_answer_of_a_database_is_frozen_as_one_part(database, spec):
    pytest.importorskip("adbc_driver_sqlite")
    model = spec(data=sql("SELECT * FROM trips", time="t", types={"t": "date"}))
    snapshot = database.freeze(model)
    assert [(part.uri, part.format) for part in snapshot.parts] == [
        ("sqlite:///rows.db", "parquet")
    ]
    assert snapshot.time_to == "2020-01-02T00:00:00"
    assert database.rows(model)["y"].to_list() == [2.5, 3]
    assert database.freeze(model).digest == snapshot.digest


def test_a_query_that_the_database_refuses_is_a_source_error(database, spec):
    pytest.importorskip("adbc_driver_sqlite")
    with pytest.raises(SourceError, match="no such table: tripps") as caught:
        database.freeze(spec(data=sql("SELECT * FROM tripps")))
    assert "SELECT * FROM tripps" in str(caught.value.hint)
