"""Hugging Face transformers and x-transformers.

Axes: B batch, T time.
"""

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from benchmark.checking.peers.steps import Update, step_of


def gpt2(symbols: int, columns: int, size: dict[str, Any]) -> Any:
    """GPT-2 of Hugging Face transformers: scaled dot-product attention, no dropout, a start symbol after the others."""
    peers: Any = import_module("transformers")
    peers.logging.set_verbosity_error()
    config = peers.GPT2Config(
        vocab_size=symbols + 1, n_positions=columns + 1, n_embd=size["width"], n_layer=size["layers"],
        n_head=size["heads"], resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=symbols, eos_token_id=None,
        attn_implementation="sdpa",
    )  # fmt: skip
    return peers.GPT2LMHeadModel(config)


def hugging_face(tokens: Tensor, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """A training step on tokens [B, T], and `generate` with its cache."""
    rows, columns = tokens.shape
    model = gpt2(symbols, columns, size)
    start = torch.full((rows, 1), symbols)

    def generate() -> object:
        return model.eval().generate(
            start, attention_mask=torch.ones_like(start), max_new_tokens=columns, do_sample=True, top_k=0,
            pad_token_id=symbols, use_cache=True,
        )  # fmt: skip

    return {
        "training": step_of(model, lambda: model(input_ids=tokens, labels=tokens).loss),
        "generation": generate,
    }


def x_transformers(tokens: Tensor, symbols: int, size: dict[str, Any]) -> dict[str, Update]:
    """A training step on tokens [B, T] with flash attention, and `generate` with its cache."""
    peers: Any = import_module("x_transformers")
    rows, columns = tokens.shape
    width, heads = size["width"], size["heads"]
    layers = peers.Decoder(dim=width, depth=size["layers"], heads=heads, attn_dim_head=width // heads, attn_flash=True)
    network = peers.TransformerWrapper(num_tokens=symbols + 1, max_seq_len=columns + 1, attn_layers=layers)
    model = peers.AutoregressiveWrapper(network)
    start = torch.full((rows, 1), symbols)
    return {
        "training": step_of(model, lambda: model(tokens)),
        "generation": lambda: model.eval().generate(start, columns, cache_kv=True),
    }
