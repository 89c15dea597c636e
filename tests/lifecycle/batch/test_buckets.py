"""Rows from a bucket, predictions into one."""

import gzip
import io
import logging

import boto3
import pytest

from keepfit.errors import SinkError, SourceError, UserError


class Bucket:
    """A bucket `acme` and the variables that lead to it."""

    def __init__(self, endpoint):
        self.environ = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "planted",
            "AWS_SECRET_ACCESS_KEY": "planted",
            "AWS_REGION": "us-east-1",
        }
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="planted",
            aws_secret_access_key="planted",
            region_name="us-east-1",
        )
        self.client.create_bucket(Bucket="acme")

    def put(self, key, data):
        self.client.put_object(Bucket="acme", Key=key, Body=data)

    def get(self, key):
        return self.client.get_object(Bucket="acme", Key=key)["Body"].read()

    def names(self, below=""):
        found = self.client.list_objects_v2(Bucket="acme", Prefix=below).get("Contents", [])
        return [one["Key"].removeprefix(below) for one in found]


@pytest.fixture(scope="module")
def endpoint():
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch, houses):
    """Forty houses: in one file of each format, and ten by ten in a folder."""
    bucket = Bucket(endpoint)
    for key in bucket.names():
        bucket.client.delete_object(Bucket="acme", Key=key)
    for name, value in bucket.environ.items():
        monkeypatch.setenv(name, value)  # obstore asks the process itself
    parquet = io.BytesIO()
    houses.write_parquet(parquet)
    bucket.put("in.parquet", parquet.getvalue())
    bucket.put("in.csv", houses.write_csv().encode())
    bucket.put("in.jsonl", houses.write_ndjson().encode())
    bucket.put("in.csv.gz", gzip.compress(houses.write_csv().encode()))
    for start in range(0, 40, 10):
        bucket.put(f"rows/{start:02}.csv", houses[start : start + 10].write_csv().encode())
    bucket.put("rows/_SUCCESS", b"")
    bucket.put("rows/notes.txt", b"no rows")
    return bucket


@pytest.fixture
def cloudy(batch, bucket):
    batch.environ = bucket.environ
    return batch


PACE = {"text": 300, "rows": 11, "streamed": 11}


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "csv.gz"])
def test_a_file_of_a_bucket_is_answered_as_the_same_file_here(cloudy, bucket, tmp_path, form):
    (tmp_path / f"in.{form}").write_bytes(bucket.get(f"in.{form}"))
    cloudy(tmp_path / f"in.{form}", tmp_path / "here.csv", pace=PACE)
    cloudy(f"s3://acme/in.{form}", tmp_path / "there.csv", pace=PACE)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_predictions_go_into_a_bucket_whole(cloudy, bucket, tmp_path, form):
    written = cloudy("s3://acme/in.csv", f"s3://acme/out/prices.{form}", pace=PACE)
    assert written.output == f"s3://acme/out/prices.{form}"
    cloudy("s3://acme/in.csv", tmp_path / f"here.{form}", pace=PACE)
    assert bucket.get(f"out/prices.{form}") == (tmp_path / f"here.{form}").read_bytes()
    assert not list((cloudy.root / ".keepfit" / "predict").glob("*"))


@pytest.mark.parametrize("pattern", ["s3://acme/rows/", "s3://acme/rows/*.csv"])
def test_a_folder_of_a_bucket_becomes_a_folder(cloudy, bucket, pattern):
    assert cloudy(pattern, "s3://acme/out").files == 4
    assert bucket.names("out/") == ["00.csv", "10.csv", "20.csv", "30.csv"]
    assert cloudy(pattern, "s3://acme/out").finished
    with pytest.raises(UserError, match="has files in it already"):
        cloudy("s3://acme/rows/00.csv", "s3://acme/out/", pace=PACE)


def test_rejects_go_beside_the_output_and_do_not_stay(cloudy, bucket):
    rows = bucket.get("in.csv").decode()
    bucket.put("in.csv", rows.replace("true", "perhaps", 1).encode())
    written = cloudy("s3://acme/in.csv", "s3://acme/out.csv")
    assert written.rejects == ("s3://acme/out.rejects.csv",)
    assert b"perhaps" in bucket.get("out.rejects.csv")
    bucket.put("in.csv", rows.encode())
    cloudy("s3://acme/in.csv", "s3://acme/out.csv", overwrite=True)
    assert "out.rejects.csv" not in bucket.names()


def test_an_output_of_a_bucket_is_finished_once(cloudy, bucket):
    cloudy("s3://acme/in.parquet", "s3://acme/out.csv")
    assert cloudy("s3://acme/in.parquet", "s3://acme/out.csv").finished
    bucket.put("out.csv", b"mine")
    with pytest.raises(UserError, match=r"s3://acme/out\.csv is there already"):
        cloudy("s3://acme/in.parquet", "s3://acme/out.csv")


def test_an_upload_that_fails_keeps_the_work(cloudy, bucket, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("keepfit.lifecycle.batch.buckets.remove", refused)
        with pytest.raises(SinkError, match="may not write"):
            cloudy("s3://acme/in.csv", "s3://acme/out.csv", pace=PACE)
    written = cloudy("s3://acme/in.csv", "s3://acme/out.csv", pace=PACE)
    assert (written.resumed, written.rows) == (40, 40)


def refused(*_):
    raise SinkError("may not write")


def test_a_bucket_that_is_not_there_is_told_before_anything_is_predicted(cloudy, bucket):
    with pytest.raises(SinkError, match=r"no bucket for s3://none/out\.csv"):
        cloudy("s3://acme/in.csv", "s3://none/out.csv", pace=PACE)
    assert cloudy.moved == []


def test_a_job_is_resumed_from_the_middle_of_a_bucket_s_file(cloudy, bucket, tmp_path):
    for form in ("csv", "csv.gz", "parquet", "jsonl"):
        cloudy.told.clear()
        calls = iter(range(100))

        class Stops(list):
            def append(self, _, calls=calls):
                if next(calls) == 1:
                    raise KeyboardInterrupt

        cloudy.moved = Stops()
        with pytest.raises(KeyboardInterrupt):
            cloudy(f"s3://acme/in.{form}", tmp_path / f"{form}.csv", pace=PACE)
        cloudy.moved = []
        assert cloudy(f"s3://acme/in.{form}", tmp_path / f"{form}.csv", pace=PACE).resumed > 0
        cloudy(f"s3://acme/in.{form}", tmp_path / f"{form}-whole.csv", pace=PACE)
        whole = tmp_path / f"{form}-whole.csv"
        assert whole.read_bytes() == (tmp_path / f"{form}.csv").read_bytes()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ("s3://acme/none.csv", UserError, "there is nothing at s3://acme/none.csv"),
        ("s3://acme/none/", UserError, "there is nothing at s3://acme/none/"),
        ("s3://nowhere/*.csv", SourceError, "there is no bucket for s3://nowhere"),
        ("abfss://acme/in.csv", UserError, "is no address of a bucket: expected s3://BUCKET"),
        ("s3:///in.csv", UserError, "is no address of a bucket"),
    ],
)
def test_what_is_not_in_a_bucket_is_told(cloudy, tmp_path, given, error, words):
    with pytest.raises(error, match=words):
        cloudy(given, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_output_below_the_input_is_refused(cloudy):
    with pytest.raises(UserError, match="would read it as rows the next time"):
        cloudy("s3://acme/rows/", "s3://acme/rows/out.csv")


def test_a_bucket_without_the_extra_is_told_what_to_install(cloudy, monkeypatch, tmp_path):
    import sys

    from keepfit.errors import NotInstalled

    monkeypatch.setitem(sys.modules, "keepfit.store.backends.clients", None)
    with pytest.raises(NotInstalled) as caught:
        cloudy("s3://acme/in.csv", tmp_path / "out.csv")
    assert caught.value.hint == "pip install 'keepfit[cloud]'"
