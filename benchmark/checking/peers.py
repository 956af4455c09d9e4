"""Other libraries' transformers of the same size, timed in the same run; each is skipped by name where it is missing.

Axes: B batch, T time.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch

PEERS = ("transformers", "x_transformers")

Update = Callable[[], object]


def missing_peers() -> tuple[str, ...]:
    """Names of the packages that are not installed."""
    return tuple(name for name in PEERS if find_spec(name) is None)


def peer_updates(batch: Batch, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """A training step, and free-running generation, of each peer on the symbols of a batch [B, T], by path name.

    Args:
        symbols: of the vocabulary.
        size: "width", "layers" and "heads", as of the suite's own transformer.
    """
    makers = {"transformers": _hugging_face, "x_transformers": _x_transformers}
    updates: dict[str, Update] = {}
    for name, make in makers.items():
        if find_spec(name) is not None:
            learn, generate = make(batch.tokens, symbols, size)
            updates |= {f"{name}_training": learn, f"{name}_generation": generate}
    return updates


def _step(model: torch.nn.Module, loss: Callable[[], Tensor]) -> Update:
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def update() -> None:
        model.train()
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()

    return update


def _hugging_face(tokens: Tensor, symbols: int, size: dict[str, Any]) -> tuple[Update, Update]:
    """GPT-2 of Hugging Face transformers, scaled dot-product attention, without dropout; `generate` with its cache."""
    peers: Any = import_module("transformers")
    peers.logging.set_verbosity_error()
    rows, columns = tokens.shape
    config = peers.GPT2Config(
        vocab_size=symbols + 1, n_positions=columns + 1, n_embd=size["width"], n_layer=size["layers"],
        n_head=size["heads"], resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=symbols, eos_token_id=None,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = peers.GPT2LMHeadModel(config)
    start = torch.full((rows, 1), symbols)

    def generate() -> object:
        return model.eval().generate(
            start, attention_mask=torch.ones_like(start), max_new_tokens=columns, do_sample=True, top_k=0,
            pad_token_id=symbols, use_cache=True,
        )  # fmt: skip

    return _step(model, lambda: model(input_ids=tokens, labels=tokens).loss), generate


def _x_transformers(tokens: Tensor, symbols: int, size: dict[str, Any]) -> tuple[Update, Update]:
    """Decoder of x-transformers with flash attention; `generate` with its cache."""
    peers: Any = import_module("x_transformers")
    rows, columns = tokens.shape
    width, heads = size["width"], size["heads"]
    layers = peers.Decoder(dim=width, depth=size["layers"], heads=heads, attn_dim_head=width // heads, attn_flash=True)
    network = peers.TransformerWrapper(num_tokens=symbols + 1, max_seq_len=columns + 1, attn_layers=layers)
    model = peers.AutoregressiveWrapper(network)
    start = torch.full((rows, 1), symbols)
    return _step(model, lambda: model(tokens)), lambda: model.eval().generate(start, columns, cache_kv=True)
