"""Batches of gold sequences, and what a model made of them.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor


def _check(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(tensor.shape) != shape or tensor.dtype != dtype:
        raise ValueError(f"{name} must be {dtype} of shape {shape}, got {tensor.dtype} of shape {tuple(tensor.shape)}")


@dataclass(frozen=True)
class Batch:
    """Gold sequences and who is responsible for which position.

    Attributes:
        tokens: [B, T] int64, the gold sequence; anything at padding. In a continuous space [B, T, D] float32.
        given: [B, T] bool, True where the environment supplies the token, False where the model must produce it.
        valid: [B, T] bool, False at padding, which stands on the right only.

    Raises:
        ValueError: if a shape or type is wrong, a row is padded elsewhere than on the right, or nothing is the model's.
    """

    tokens: Tensor
    given: Tensor
    valid: Tensor

    def __post_init__(self) -> None:
        continuous = self.tokens.is_floating_point()
        if self.tokens.dim() != 2 + continuous:
            axes = "[batch, time, size]" if continuous else "[batch, time]"
            raise ValueError(f"{self.tokens.dtype} tokens must be {axes}, got shape {tuple(self.tokens.shape)}")
        shape = (self.tokens.shape[0], self.tokens.shape[1])
        if not continuous:
            _check("tokens", self.tokens, shape, torch.int64)
        _check("given", self.given, shape, torch.bool)
        _check("valid", self.valid, shape, torch.bool)
        if not bool(self.valid.all()):  # else nothing is padded; a batch is made at every update
            ragged = (self.valid[:, 1:] & ~self.valid[:, :-1]).any(1).nonzero()
            if len(ragged):
                raise ValueError(f"padding must stand on the right only, but row {int(ragged[0])} has a gap")
        responsible = self.own.any(1)  # [B]
        if not bool(responsible.all()):
            row = int((~responsible).nonzero()[0])
            raise ValueError(f"every row needs a position of the model's own, but row {row} has none")

    @classmethod
    def from_rows(cls, prompts: list[list[int]], targets: list[list[int]]) -> Self:
        """Lay out one prompt (given) and one target (own) a row, padded on the right."""
        rows = [torch.tensor(prompt + target) for prompt, target in zip(prompts, targets, strict=True)]
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # [B, T]
        column = torch.arange(tokens.shape[1])
        given = column < torch.tensor([len(prompt) for prompt in prompts])[:, None]
        valid = column < torch.tensor([len(row) for row in rows])[:, None]
        return cls(tokens, given, valid)

    @cached_property
    def own(self) -> Tensor:
        """[B, T] bool: positions that the model must produce. Losses and measures look nowhere else."""
        return self.valid & ~self.given

    @cached_property
    def lengths(self) -> Tensor:
        """[B] int64: own tokens per row, >= 1."""
        return self.own.sum(1)

    def select(self, rows: Tensor | slice) -> Self:
        """Return the rows asked for, in that order; a row may be asked for more than once."""
        return type(self)(self.tokens[rows], self.given[rows], self.valid[rows])

    def to(self, device: torch.device) -> Self:
        """Return the batch on a device, itself where it is there."""
        if self.tokens.device == device:
            return self
        return type(self)(self.tokens.to(device), self.given.to(device), self.valid.to(device))

    def __len__(self) -> int:
        return len(self.tokens)


def own_positions(own: Tensor) -> Tensor:
    """Number the own tokens of each row from 1: [B, T] bool -> [B, T] int64, 0 elsewhere."""
    return own.cumsum(1) * own


@dataclass(frozen=True)
class Output:
    """What a model did on a batch.

    In a free run the history is the output itself. On gold prefixes the model predicts each token given gold, so
    `tokens` holds its predictions and `history` the gold sequence.

    Attributes:
        tokens: [B, T] int64, what the model chose (own positions) and what was supplied (elsewhere); [B, T, D] in a
            continuous space.
        own: [B, T] bool, where the model chose. The end symbol, when it came, is the last own token.
        history: what the model was fed, like `tokens`.
        stopped: [B] bool, whether the row ended by its end symbol rather than by its limit.
        log_probabilities: [B, T, V] of the model at each column given the history before it; None if not asked for and
            in a continuous space.
    """

    tokens: Tensor
    own: Tensor
    history: Tensor
    stopped: Tensor
    log_probabilities: Tensor | None = None

    @cached_property
    def lengths(self) -> Tensor:
        """[B] int64: own tokens per row, the end symbol included."""
        return self.own.sum(1)

    def select(self, rows: Tensor | slice) -> Self:
        """Return the rows asked for, in that order."""
        log_q = None if self.log_probabilities is None else self.log_probabilities[rows]
        return type(self)(self.tokens[rows], self.own[rows], self.history[rows], self.stopped[rows], log_q)

    def to(self, device: torch.device) -> Self:
        """Return the output on a device, itself where it is there."""
        if self.tokens.device == device:
            return self
        log_q = None if self.log_probabilities is None else self.log_probabilities.to(device)
        tokens, own, history, stopped = (
            part.to(device) for part in (self.tokens, self.own, self.history, self.stopped)
        )
        return type(self)(tokens, own, history, stopped, log_q)

    @classmethod
    def of_roll_in(cls, batch: Batch, fed: Tensor, end: int | None) -> Self:
        """Take what was fed in a roll-in, [B, T], for a free run: a row ends at its end symbol, or where gold does."""
        own, stopped = batch.own, torch.zeros(len(batch), dtype=torch.bool, device=fed.device)
        if end is not None:
            ends = own & (fed == end)  # [B, T]
            own, stopped = own & (ends.cumsum(1) - ends.long() == 0), ends.any(1)
        return cls(fed, own, fed, stopped)

    def with_log_probabilities(self, model: Callable[[Tensor], Tensor], temperature: float = 1.0) -> Self:
        """Return a copy with the log-probabilities of a model (tokens [B, T] -> logits [B, T, V]) on the history."""
        return replace(self, log_probabilities=(model(self.history) / temperature).log_softmax(-1))
