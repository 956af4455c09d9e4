"""What a cell prints: the end of it is kept, however much there is."""

import faulthandler
import fcntl
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

_LIMIT = 2**20  # bytes on disk before the beginning is dropped
_TAIL = 4000  # characters that are kept
_MODULES = "Extension modules:"  # thousands of characters at the end of what faulthandler writes


class Output:
    """A file without a name that a cell writes its standard output and error to."""

    def __enter__(self) -> Self:
        self._file, self._kept = tempfile.TemporaryFile(), b""
        descriptor = self._file.fileno()
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def take_over(self, keep: int) -> None:
        """Let this process print here, a crash included; all other descriptors but one lead nowhere."""
        for descriptor in (1, 2):
            os.dup2(self._file.fileno(), descriptor)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        for descriptor in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
            if descriptor > 2 and descriptor not in (keep, nowhere):
                with suppress(OSError):  # that of the listing, which is closed by now
                    os.fstat(descriptor)
                    os.dup2(nowhere, descriptor, inheritable=False)
        faulthandler.enable(2, all_threads=False)

    def trim(self) -> None:
        """Drop the beginning where there is too much."""
        if os.fstat(self._file.fileno()).st_size > _LIMIT:
            self._kept = self._end()
            self._file.truncate(0)

    def tail(self) -> str:
        """The last characters; what cannot be printed is escaped."""
        text = (self._kept + self._end()).decode("utf-8", "backslashreplace")
        lines = (line for line in text.splitlines() if not line.startswith(_MODULES))
        text = "\n".join(lines)[-_TAIL:]
        return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)

    def _end(self) -> bytes:
        descriptor = self._file.fileno()
        return os.pread(descriptor, 4 * _TAIL, max(os.fstat(descriptor).st_size - 4 * _TAIL, 0))

    def forward(self, name: str) -> None:
        """Show on this process's standard error what the cell printed."""
        if text := self.tail().strip():
            print(f"{name} printed:\n{text}", file=sys.stderr, flush=True)
