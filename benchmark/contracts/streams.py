"""Named random streams: whatever may depend on chance names the stream that it draws from.

Two draws that must be equal across methods (common random numbers) name the same stream; two that must differ do not.
No stream is the process's global generator, which nothing in the suite touches.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def stream_seed(*names: str | int) -> int:
    """Return the 63-bit seed of the stream with these names; the names' types and order matter, and 0 is a seed."""
    digest = hashlib.sha256(json.dumps(names).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def stream(*names: str | int) -> torch.Generator:
    """Return a fresh generator for the stream with these names, e.g. `stream("copycat_tagging", 3, "order", 17)`."""
    return torch.Generator().manual_seed(stream_seed(*names))


@contextmanager
def seeded(*names: str | int) -> Iterator[None]:
    """Run code that can only draw from torch's global generator (layer initialisers) as if from the named stream.

    The global generator is as it was afterwards.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(*names))
        yield
