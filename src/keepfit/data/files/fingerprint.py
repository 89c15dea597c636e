"""What the sources of a model hold now. Loads no frame library unless some lie elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keepfit.config.schema.rows import Data
from keepfit.data.files.sources import digest_of_file, find_all, sources_of
from keepfit.data.files.statcache import StatCache
from keepfit.digest import Digest


def fingerprint(
    data: Data,
    root: Path,
    cache: StatCache,
    *,
    holdout: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[tuple[str, str, Digest], ...]:
    """(source, uri, digest) of what the sources, and the file of holdout rows, hold now.

    Local files cost a stat each where they have not changed. What lies in a cloud or a database
    has to be read for it: nothing else says whether its rows are the same.
    """
    sources = sources_of(data, holdout)
    everything = find_all(sources, root)
    told = [(one.source, one.uri, digest_of_file(one, cache)) for one in everything if one.path]
    distant = [one for one in everything if one.path is None]
    if distant:
        from keepfit.data.files.fetch import digests_of  # brings polars

        told += digests_of(distant, sources, root, environ=environ)
    return tuple(sorted(told))
