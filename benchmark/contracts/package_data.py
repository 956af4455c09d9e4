"""Real data that ships inside installed packages: found without importing them, split by hash, drawn from.

A wrapper's import may be slow, and its licence another than that of its data: only the files are read.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from benchmark.contracts.task import Split

E = TypeVar("E")

_POOLED = 16  # a training batch is a run of neighbours in length among so many batches' worth of draws
_INSTALL = "pip install 'exposure-bias-benchmark[real]'"


def package_data(package: str, path: str) -> Path | None:
    """Find a file or folder inside an installed package without importing it; None where it is not."""
    spec = importlib.util.find_spec(package)
    places = (Path(place) / path for place in (spec.submodule_search_locations or () if spec else ()))
    return next((place for place in places if place.exists()), None)


def missing_data(needed: Iterable[tuple[str, str]]) -> str:
    """Say which packages' data, (package, path) each, are not installed and how to get them; "" if all are there."""
    absent = [package.replace("_", "-") for package, path in needed if package_data(package, path) is None]
    return f"needs the data of {', '.join(absent)}: {_INSTALL}" if absent else ""


def split_by_hash(key: str, held_out: float = 0.05) -> Split:
    """Assign whatever has this key to validation or test, each with this share, or to train."""
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return "train" if share < 1 - 2 * held_out else "validation" if share < 1 - held_out else "test"


def draw_examples(
    pool: Sequence[E], split: Split, size: int, length: Callable[[E], Any], stream: torch.Generator
) -> list[E]:
    """Draw `size` examples for a batch, or all of a smaller pool that is held out.

    Those of a training batch are near in length, to halve the padding, and may repeat; others are drawn without
    replacement.

    Args:
        length: what an example's place in the order by length is.
    """
    if split != "train":
        return [pool[index] for index in torch.randperm(len(pool), generator=stream)[:size].tolist()]
    drawn = torch.randint(len(pool), (_POOLED * size,), generator=stream).tolist()
    drawn.sort(key=lambda index: length(pool[index]))
    first = int(torch.randint((_POOLED - 1) * size + 1, (), generator=stream))
    return [pool[index] for index in drawn[first : first + size]]
