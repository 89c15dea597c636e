"""How S3, Google Cloud Storage and Azure Blob Storage put the same things: addresses, conditions,
status codes. Only what obstore says to them is understood; all else is answered with 501."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from bucket import Bucket, Stored, Taken, TooOften

EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Dialect:
    """What the three have in common; each names its own differences."""

    root: str  # the address of the bucket on the server
    metadata: str  # what the headers of users' metadata begin with
    created = 200
    deleted = 204
    taken = (412, "PreconditionFailed")
    most = 1000  # keys a page
    delete_of_nothing = 404

    def answer(self, bucket: Bucket, asked: Asked) -> Answer:
        if asked.path.rstrip("/") == self.root:
            return self.about_bucket(bucket, asked)
        if not asked.path.startswith(f"{self.root}/"):
            return self.refusal(404, "NoSuchBucket")
        key = asked.path.removeprefix(f"{self.root}/")
        if refusal := self.damaged(asked):
            return refusal
        if asked.method in ("PUT", "POST") and asked.query.keys() & {"uploads", "uploadId", "comp"}:
            return self.multipart(bucket, key, asked)
        return getattr(self, asked.method.lower(), self.unknown)(bucket, key, asked)

    def get(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        stored = bucket.get(key)
        if stored is None:
            marker = {"x-amz-delete-marker": "true"} if key in bucket.history else {}
            return self.refusal(404, self.missing, marker)
        if span := re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", "")):
            return self.part_of(stored, int(span[1]), int(span[2] or len(stored.data) - 1))
        return Answer(200, stored.data, self.described(stored))

    head = get  # the server leaves out the body

    def part_of(self, stored: Stored, first: int, last: int) -> Answer:
        body = stored.data[first : last + 1]
        span = f"bytes {first}-{first + len(body) - 1}/{len(stored.data)}"
        return Answer(206, body, self.described(stored) | {"content-range": span})

    def put(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        return self.store(bucket, key, asked, asked.body)

    def store(self, bucket: Bucket, key: str, asked: Asked, data: bytes) -> Answer:
        start = self.metadata
        notes = {k: v for k, v in asked.headers.items() if k.startswith(start)}
        try:
            stored = bucket.put(key, data, notes, if_absent=self.if_absent(asked))
        except Taken:
            return self.refusal(*self.taken)
        except TooOften:
            return self.refusal(429, "SlowDown")
        return Answer(self.created, b"", self.described(stored))

    def delete(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        there = bucket.delete(key)
        status = self.deleted if there else self.delete_of_nothing
        return Answer(status) if status < 300 else self.refusal(status, self.missing)

    def unknown(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        return self.refusal(501, "NotImplemented")

    def described(self, stored: Stored) -> dict[str, str]:
        modified = formatdate(stored.at, usegmt=True)
        return {"etag": stored.etag, "last-modified": modified, **stored.metadata}

    def refusal(self, status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
        body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        return Answer(status, body.encode(), {"content-type": "application/xml", **(headers or {})})

    def if_absent(self, asked: Asked) -> bool:
        return asked.headers.get("if-none-match") == "*"

    def damaged(self, asked: Asked) -> Answer | None:
        return None

    missing = "NoSuchKey"


class S3(Dialect):
    """Amazon S3, and what imitates it."""

    root = "/bucket"
    metadata = "x-amz-meta-"
    delete_of_nothing = 204

    def damaged(self, asked: Asked) -> Answer | None:
        told = asked.headers.get("x-amz-content-sha256", "")
        if re.fullmatch("[0-9a-f]{64}", told) and told != hashlib.sha256(asked.body).hexdigest():
            return self.refusal(400, "XAmzContentSHA256Mismatch")
        return None

    def described(self, stored: Stored) -> dict[str, str]:
        return super().described(stored) | {"x-amz-version-id": str(stored.generation)}

    def about_bucket(self, bucket: Bucket, asked: Asked) -> Answer:
        if asked.method != "GET" or "list-type" not in asked.query:
            return self.unknown(bucket, "", asked)
        ask = asked.query
        after = ask.get("continuation-token") or ask.get("start-after", "")
        most = min(self.most, int(ask.get("max-keys", self.most)))
        listed = bucket.listing(ask.get("prefix", ""), ask.get("delimiter", ""), after, most)
        return Answer(200, self.listed(bucket, *listed), {"content-type": "application/xml"})

    def listed(self, bucket, keys, prefixes, token) -> bytes:
        found = [(key, bucket.get(key)) for key in keys]
        items = "".join(
            f"<Contents><Key>{escape(k)}</Key><Size>{len(s.data)}</Size><ETag>{s.etag}</ETag>"
            f"<LastModified>{iso(s.at)}</LastModified></Contents>"
            for k, s in found
        )
        folders = "".join(
            f"<CommonPrefixes><Prefix>{escape(p)}</Prefix></CommonPrefixes>" for p in prefixes
        )
        more = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
        return (
            f"<ListBucketResult><IsTruncated>{'true' if token else 'false'}</IsTruncated>"
            f"{items}{folders}{more}</ListBucketResult>"
        ).encode()

    def multipart(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        if asked.method == "POST" and "uploads" in asked.query:
            name = f"upload-{len(bucket.uploads)}"
            bucket.uploads[name] = {}
            return Answer(200, begun(name))
        name = asked.query["uploadId"]
        if name not in bucket.uploads:
            return self.refusal(404, "NoSuchUpload")
        if asked.method == "PUT":
            bucket.uploads[name][asked.query["partNumber"]] = asked.body
            return Answer(200, b"", {"etag": f'"{hashlib.md5(asked.body).hexdigest()}"'})
        numbers = re.findall(rb"<PartNumber>(\d+)</PartNumber>", asked.body)
        data = b"".join(bucket.uploads[name][number.decode()] for number in numbers)
        done = self.store(bucket, key, asked, data)
        if done.status >= 300:
            return done
        del bucket.uploads[name]
        return Answer(200, completed(done.headers["etag"]), done.headers)

    def post(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        return self.unknown(bucket, key, asked)


class GCS(S3):
    """Google Cloud Storage, by its XML interface: S3's words, conditions on generations."""

    metadata = "x-goog-meta-"
    delete_of_nothing = 404

    def damaged(self, asked: Asked) -> Answer | None:
        return None

    def if_absent(self, asked: Asked) -> bool:
        return asked.headers.get("x-goog-if-generation-match") == "0"

    def described(self, stored: Stored) -> dict[str, str]:
        return Dialect.described(self, stored) | {"x-goog-generation": str(stored.generation)}


class Azure(Dialect):
    """Azure Blob Storage."""

    root = "/account/bucket"
    metadata = "x-ms-meta-"
    created = 201
    deleted = 202
    taken = (409, "BlobAlreadyExists")
    missing = "BlobNotFound"

    def put(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        if asked.headers.get("x-ms-blob-type") != "BlockBlob":
            return self.refusal(400, "MissingRequiredHeader")
        return super().put(bucket, key, asked)

    def refusal(self, status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
        code = "ContainerNotFound" if code == "NoSuchBucket" else code
        return super().refusal(status, code, {"x-ms-error-code": code, **(headers or {})})

    def about_bucket(self, bucket: Bucket, asked: Asked) -> Answer:
        match asked.query.get("comp"):
            case "list":
                return self.page(bucket, asked.query)
            case "batch":
                return self.batch(bucket, asked)
        return self.unknown(bucket, "", asked)

    def page(self, bucket: Bucket, ask: dict[str, str]) -> Answer:
        keys, prefixes, token = bucket.listing(
            ask.get("prefix", ""), ask.get("delimiter", ""), ask.get("marker", ""), self.most
        )
        blobs = "".join(self.blob(key, bucket.get(key)) for key in keys)
        folders = "".join(f"<BlobPrefix><Name>{escape(p)}</Name></BlobPrefix>" for p in prefixes)
        text = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<EnumerationResults ContainerName="bucket"><Blobs>{blobs}{folders}</Blobs>'
            f"<NextMarker>{escape(token or '')}</NextMarker></EnumerationResults>"
        )
        return Answer(200, text.encode(), {"content-type": "application/xml"})

    def blob(self, key: str, stored: Stored) -> str:
        return (
            f"<Blob><Name>{escape(key)}</Name><Properties>"
            f"<Last-Modified>{formatdate(stored.at, usegmt=True)}</Last-Modified>"
            f"<Content-Length>{len(stored.data)}</Content-Length>"
            "<Content-Type>application/octet-stream</Content-Type>"
            f"<Etag>{stored.etag}</Etag></Properties></Blob>"
        )

    def batch(self, bucket: Bucket, asked: Asked) -> Answer:
        answers = [
            f"--answers\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
            f"HTTP/1.1 {self.batched(bucket, unquote(target))}\r\n\r\n"
            for number, target in enumerate(re.findall(r"DELETE (\S+) HTTP", asked.body.decode()))
        ]
        body = "".join(answers) + "--answers--\r\n"
        return Answer(202, body.encode(), {"content-type": "multipart/mixed; boundary=answers"})

    def batched(self, bucket: Bucket, path: str) -> str:
        if bucket.delete(path.removeprefix(f"{self.root}/")):
            return "202 Accepted\r\nx-ms-delete-type-permanent: true"
        return f"404 Not found\r\nx-ms-error-code: {self.missing}"

    def multipart(self, bucket: Bucket, key: str, asked: Asked) -> Answer:
        blocks = bucket.uploads.setdefault(key, {})
        if asked.query["comp"] == "block":
            blocks[asked.query["blockid"]] = asked.body
            return Answer(201)
        names = re.findall(r"<Uncommitted>([^<]+)</Uncommitted>", asked.body.decode())
        answer = self.store(bucket, key, asked, b"".join(blocks[name] for name in names))
        del bucket.uploads[key]
        return answer


DIALECTS: dict[str, type[Dialect]] = {"s3": S3, "gs": GCS, "az": Azure}


def begun(name: str) -> bytes:
    return (
        "<InitiateMultipartUploadResult>"
        f"<UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
    ).encode()


def completed(etag: str) -> bytes:
    text = f"<ETag>{escape(etag)}</ETag>"
    return f"<CompleteMultipartUploadResult>{text}</CompleteMultipartUploadResult>".encode()


def iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
