"""Clients of buckets, and what they raise in the words of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from obstore import exceptions as refused
from obstore.store import AzureStore, GCSStore, S3Store

from keepfit.errors import StoreError, UserError
from keepfit.store.backends.objects import Exists, Unknown

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

Client = S3Store | GCSStore | AzureStore

_PREFIXES = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}  # of their variables
_OPTIONS = ("allow_http", "allow_invalid_certificates", "proxy_url", "root_certificate")
PATIENT: RetryConfig = {
    "max_retries": 8,
    "retry_timeout": timedelta(minutes=1),
    "backoff": {"init_backoff": timedelta(milliseconds=50), "max_backoff": timedelta(seconds=10)},
}
ONCE: RetryConfig = {"max_retries": 0, "retry_timeout": timedelta(minutes=1)}
_TOO_MANY = ("429 Too Many Requests", "503 Service Unavailable", "SlowDown")


def connect(address: str, retries: RetryConfig, environ: Mapping[str, str]) -> Client:
    """A client for s3://…, gs://… or az://…, with keys and regions from the process's variables.

    Nothing is asked of the bucket yet. UserError where the address or the environment lacks
    something.
    """
    scheme = address.partition("://")[0]
    options = _client_options(_PREFIXES[scheme], environ)
    try:
        match scheme:
            case "gs":
                return GCSStore.from_url(address, client_options=options, retry_config=retries)
            case "az":
                return AzureStore.from_url(address, client_options=options, retry_config=retries)
            case _:
                return S3Store.from_url(
                    address,
                    client_options=options,
                    retry_config=retries,
                    disable_bulk_delete=True,  # not all that speak like S3 know it
                )
    except (refused.BaseError, ValueError) as error:
        raise UserError(
            f"the store {address} cannot be reached: {_first_line(error)}",
            hint="see docs/how-to/s3.md for the variables that name region, account and keys",
        ) from error


def _client_options(prefix: str, environ: Mapping[str, str]) -> ClientConfig:
    # obstore forgets its own variables for these once it is handed any option.
    named = {name: environ.get(f"{prefix}_{name.upper()}") for name in _OPTIONS}
    times = {
        "connect_timeout": "5s",
        "read_timeout": "30s",  # for each piece of an answer
        "timeout": "30m",  # for the whole of it: parts of a snapshot may be large
    }
    return cast("ClientConfig", times | {name: value for name, value in named.items() if value})


@contextlib.contextmanager
def refusals(verb: str, where: str, *, creating: bool = False) -> Iterator[None]:
    """What obstore raises, as a StoreError; of a create as Exists, or Unknown where nobody can say.

    FileNotFoundError passes where there is a bucket but not the object.
    """
    try:
        yield
    except refused.AlreadyExistsError as error:
        # obstore's word for any answer 409: only of a create does it mean what it says.
        if creating:
            raise Exists(f"there is a {where} already") from error
        raise StoreError(f"could not {verb} {where}: {_first_line(error)}") from error
    except (refused.PermissionDeniedError, refused.UnauthenticatedError) as error:
        raise StoreError(
            f"may not {verb} {where}: {_first_line(error)}",
            hint="the account must read, write, list and delete below the store's address; "
            "without the right to list, S3 answers 403 for what is not there",
        ) from error
    except (refused.InvalidPathError, refused.NotSupportedError) as error:
        raise StoreError(f"could not {verb} {where}: {_first_line(error)}") from error
    except (refused.BaseError, FileNotFoundError) as error:
        if _lacks_bucket(error):
            raise _no_bucket(where) from error
        if isinstance(error, FileNotFoundError):
            raise
        kind = Unknown if creating else StoreError
        raise kind(f"could not {verb} {where}: {_first_line(error)}") from error


def asks_for_patience(error: Exception) -> bool:
    """Whether the bucket said that it is asked too much."""
    return any(sign in str(error) for sign in _TOO_MANY)


def _lacks_bucket(error: Exception) -> bool:
    return "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error)


def _no_bucket(where: str) -> StoreError:
    return StoreError(
        f"there is no bucket for {where}",
        hint="create the bucket (or container), or correct `store` in keepfit.toml",
    )


def _first_line(error: Exception) -> str:
    """What obstore says, without the dump of its own data that follows."""
    return str(error).partition("\n")[0]
