"""One run at a time on a folder."""

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmark.errors import UsageError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder while its records are made; the system lets go of it when this process ends in whatever way.

    Raises:
        UsageError: if another process holds it, with its number and host.
    """
    with (folder / ".lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UsageError(
                f"{folder} is in use by {_describe(file.read())}; wait until that run has ended, or choose another "
                "folder with --out"
            ) from None
        file.truncate(0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"process": os.getpid(), "host": platform.node(), "since": now}, file)
        file.flush()
        yield


def _describe(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['process']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
