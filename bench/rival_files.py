"""Plain files and an fsync each, the floor of durable stores: rival_files.py FOLDER PAYLOAD."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from answering import answer_all


class Files:
    """The payload written again and again, with no name, log or folder brought down."""

    def __init__(self, folder: Path, payload: Path) -> None:
        self._folder = folder
        self._payload = [path.read_bytes() for path in payload.iterdir()]
        self._done = 0

    def publish(self) -> None:
        self._done += 1
        for number, data in enumerate(self._payload):
            with (self._folder / f"{self._done}-{number}").open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())


if __name__ == "__main__":
    answer_all(lambda: Files(Path(sys.argv[1]), Path(sys.argv[2])))
