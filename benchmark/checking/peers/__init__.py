"""Other implementations of a transformer of the same size, timed in the same run; absent packages are skipped by name.

Axes: B batch, T time.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from torch import Tensor

from benchmark.checking.peers.libraries import hugging_face, x_transformers
from benchmark.checking.peers.plain import plain_torch
from benchmark.checking.peers.policy_gradient import trl
from benchmark.checking.peers.steps import Update
from benchmark.contracts.batch import Batch

Maker = Callable[[Tensor, int, dict[str, Any]], dict[str, Update]]

PEERS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "torch": (plain_torch, ()),
    "transformers": (hugging_face, ("transformers",)),
    "x_transformers": (x_transformers, ("x_transformers",)),
    "trl": (trl, ("trl", "transformers", "tokenizers", "datasets")),
}
"""What makes the updates of each peer, and the packages it needs."""


def missing_peers() -> dict[str, str]:
    """The peers that cannot be timed here, and the packages that they lack."""
    absent = {name: [package for package in needs if find_spec(package) is None] for name, (_, needs) in PEERS.items()}
    return {name: ", ".join(packages) for name, packages in absent.items() if packages}


def peer_updates(batch: Batch, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """Updates of each peer on the symbols of a batch [B, T], by path: training steps, free-running generation.

    Args:
        batch: as many sequences as the suite's own paths see.
        symbols: of the vocabulary.
        size: "width", "layers" and "heads", as of the suite's own transformer.

    Returns:
        An update that returns a number has timed itself, in CPU-seconds.
    """
    absent, updates = missing_peers(), {}
    for name, (make, _) in PEERS.items():
        if name not in absent:
            updates |= {f"{name}_{path}": update for path, update in make(batch.tokens, symbols, size).items()}
    return updates
