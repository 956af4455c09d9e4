"""The step-wise path: one loop through which every own token of the suite is drawn.

Generation, roll-in, samples for policy gradients and evaluation all go through `run`; they differ in the environment
that supplies tokens and in what ends a row.

Axes: B batch, T time (columns), V vocabulary, D numbers in a vector.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.context import Coin
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.noise import gumbel
from benchmark.contracts.spaces import Continuous, Space
from benchmark.contracts.task import Decoding, Replay, Response, Task
from benchmark.models.captured import captured

Respond = Callable[[Any, Tensor | None], Response]

_NOISE_BLOCK = 2**16  # numbers that are drawn at once
_NOISE_COLUMNS = 64  # at most
_LOOK_EVERY = 32  # columns between looks at whether all rows have ended, where a look waits for the device


class Draw:
    """How the next token is chosen from logits [B, V] -> [B]: the most probable one, or a sample.

    A sample is the argmax of logits plus Gumbel noise (Gumbel 1954), so that the same noise gives the same tokens
    wherever the logits agree. In a continuous space, [B, 2 D] -> [B, D]: the mean, or a sample of the Gaussian.

    Args:
        temperature: of a sample; logits are divided by it.
        nucleus: a sample is drawn among the most probable tokens that hold this share of the probability together
            (Holtzman et al. 2020, arXiv 1904.09751); the most probable one is always among them.
        copies: rows come in so many blocks, one below the other, that share their noise.
    """

    def __init__(
        self,
        decoding: Decoding,
        stream: torch.Generator,
        temperature: float = 1.0,
        nucleus: float = 1.0,
        copies: int = 1,
    ) -> None:
        if not (temperature > 0 and 0 < nucleus <= 1):
            raise ValueError(f"temperature must be > 0 and nucleus in (0, 1], got {temperature} and {nucleus}")
        self.decoding, self.stream, self.temperature, self.nucleus = decoding, stream, temperature, nucleus
        self.copies = copies

    def __call__(self, logits: Tensor, space: Space | None = None, noise: Tensor | None = None) -> Tensor:
        """Choose in a space, a discrete one if none is named, by the noise of a column or by noise drawn now."""
        noise = next(self.noise(logits, space, columns=1)) if noise is None else noise
        if isinstance(space, Continuous):
            mean, log_deviation = logits.chunk(2, -1)  # [B, D] each
            return mean if noise is None else mean + self.temperature * log_deviation.exp() * noise
        if noise is None:
            return logits.argmax(-1)
        if self.temperature != 1:
            logits = logits / self.temperature
        if self.nucleus < 1:
            logits = _within_nucleus(logits, self.nucleus)
        return (logits + noise).argmax(-1)

    def noise(
        self, logits: Tensor, space: Space | None = None, columns: int = _NOISE_COLUMNS
    ) -> Iterator[Tensor | None]:
        """Yield what chance adds in column after column: Gumbel [B, V], Gaussian [B, D] in a continuous space.

        None if nothing is left to chance. Many columns are drawn at once, and go to the device at once.

        Args:
            logits: [B, V] or [B, 2 D], of any column.
            columns: drawn at once, at most.
        """
        continuous = isinstance(space, Continuous)
        if self.decoding == "greedy" or (continuous and space.noise == "none"):
            return itertools.repeat(None)
        like = logits.chunk(2, -1)[0] if continuous else logits
        return self._blocks(torch.randn if continuous else gumbel, like, columns)

    def _blocks(self, distribution: Callable[..., Tensor], like: Tensor, columns: int) -> Iterator[Tensor]:
        """Draw numbers in the shape of a tensor for each column, the same for each copy of its rows."""
        rows = len(like) // self.copies
        columns = max(1, min(columns, _NOISE_BLOCK // (rows * like[0].numel())))
        while True:
            block = distribution((columns, rows, *like.shape[1:]), dtype=like.dtype, generator=self.stream)
            block = block.repeat(1, self.copies, *[1] * (like.dim() - 1)) if self.copies > 1 else block
            yield from block.to(like.device, non_blocking=True).unbind(0)  # [B, V] or [B, D] each


def _within_nucleus(logits: Tensor, share: float) -> Tensor:
    """Set logits [B, V] outside the nucleus to -inf."""
    ordered, order = logits.sort(-1, descending=True)
    probability = ordered.softmax(-1)
    outside = probability.cumsum(-1) - probability >= share  # what stands before a token holds the share already
    return logits.masked_fill(outside.gather(-1, order.argsort(-1)), float("-inf"))


@contextmanager
def side_pass(model: SequenceModel) -> Iterator[None]:
    """Switch dropout off for a while, so that no shared random stream is touched."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


class Run(NamedTuple):
    """Columns of a run.

    Attributes:
        tokens: [B, T] or [B, T, D].
        own: [B, T] bool.
        stopped: [B] bool, by the end symbol.
        logits: [B, T, V] that each column was drawn from, 0 in the common prompt; None if not asked for.
    """

    tokens: Tensor
    own: Tensor
    stopped: Tensor
    logits: Tensor | None


def run(
    model: SequenceModel,
    respond: Respond,
    state: Any,
    draw: Draw,
    *,
    end: int | None,
    limit: Tensor | None,
    length: int | None = None,
    keep_logits: bool = False,
) -> Run:
    """Go through the columns one by one: the supplied token where it is given, the model's own elsewhere.

    Args:
        model: evaluated without gradient and without dropout.
        respond: the environment, see `Task.respond`.
        state: the environment's state before the first column.
        draw: how own tokens are chosen.
        end: the symbol that ends a row when the model chooses it, or None.
        limit: [B] own tokens after which a row is cut, or None.
        length: columns of the run, T, where known beforehand, so that nobody needs to look whether it has ended.
        keep_logits: whether the logits are returned as well.
    """
    with torch.inference_mode(), side_pass(model):
        prompt, response = common_prompt(respond, state)
        live = ~response.done  # [B]
        stopped, count = torch.zeros_like(live), torch.zeros_like(live, dtype=torch.int64)
        columns, own_columns = list(prompt), [torch.zeros_like(live) for _ in prompt]
        stepper = captured(model)
        logits, cache = stepper.prefill(torch.stack(prompt, 1) if prompt else response.supplied[:, None][:, :0])
        kept = [torch.zeros_like(logits) for _ in prompt]
        noise = draw.noise(logits, model.space)
        alive = []  # rows that go on after each column
        for column in itertools.count(len(prompt) + 1):
            if keep_logits:
                kept.append(logits)
            own = live & ~response.given
            token = either(response.given, response.supplied, draw(logits, model.space, next(noise)))
            columns.append(token)
            own_columns.append(own)
            if end is not None:
                stopped = stopped | (own & (token == end))
            live = live & ~stopped
            if limit is not None:
                count = count + own
                live = live & (count < limit)
            response = respond(response.state, token)
            live = live & ~response.done
            alive.append(live)
            if column == length or (length is None and _all_ended(live, column)):
                break
            logits, cache = stepper.step(token, cache)
        length = len(prompt) + 1 + int(torch.stack(alive).any(1).sum())  # up to the column in which the last row ended
        model.evaluations -= len(live) * (len(columns) - length)  # of columns that nobody needed
        result = torch.stack(columns[:length], 1), torch.stack(own_columns[:length], 1), stopped
        seen = torch.stack(kept[:length], 1) if keep_logits else None  # [B, T, V]
    tokens, own, stopped = (part.clone() for part in result)  # out of inference mode, so that autograd may save them
    return Run(tokens, own, stopped, seen)


def _all_ended(live: Tensor, column: int) -> bool:
    """Whether all rows [B] have ended; other devices are asked now and then, because asking waits for them."""
    return (live.is_cpu or column % _LOOK_EVERY == 0) and not bool(live.any())


def either(first: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """Choose between tokens, [...] or [..., D], by a mask [...]."""
    return torch.where(first[..., None] if one.is_floating_point() else first, one, other)


def common_prompt(respond: Respond, state: Any) -> tuple[list[Tensor], Response]:
    """Collect the columns that are given in every row, up to the first that is not."""
    prompt: list[Tensor] = []
    response = respond(state, None)
    while bool(response.given.all()) and not bool(response.done.any()):
        prompt.append(response.supplied)
        response = respond(response.state, response.supplied)
    return prompt, response


def roll_out(
    model: SequenceModel, task: Task, batch: Batch, draw: Draw, keep_log_probabilities: bool = False
) -> Output:
    """Let the model run freely: gold's own tokens are out of its sight, and so is gold's length where rows can end.

    The log-probabilities that are kept, in a discrete space, are those of the tokens' own draw, at its temperature.
    """
    there = batch.to(model.device)
    end, limit = task.space.end, task.limit(batch)
    done = run(
        model,
        task.respond,
        task.begin(there),
        draw,
        end=end,
        limit=None if limit is None else limit.to(model.device),
        keep_logits=keep_log_probabilities,
    )
    log_q = None if done.logits is None else (done.logits / draw.temperature).log_softmax(-1)  # [B, T, V]
    output = Output(done.tokens, done.own, history=done.tokens, stopped=done.stopped, log_probabilities=log_q)
    return output.to(batch.tokens.device)


def flip_coins(batch: Batch, gold_probability: float | Tensor, coin: Coin, stream: torch.Generator) -> Tensor:
    """Decide where gold is fed, [B, T] bool: at each own position independently, or for a sequence as a whole.

    The probability may differ by position, [B, T].
    """
    shape = batch.own.shape if coin == "token" else (len(batch), 1)
    heads = torch.rand(shape, generator=stream).to(batch.tokens.device) < gold_probability
    return ~batch.own | heads


def roll_in(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw) -> Tensor:
    """Mix gold and own tokens: [B, T], gold where `gold` [B, T] is True, elsewhere drawn given the mixed prefix.

    The length is gold's; an end symbol that is drawn ends nothing. No gradient flows through the result.
    """
    if bool(gold.all()):
        return batch.tokens
    environment = Replay(batch.tokens, gold, torch.ones_like(batch.valid), open_ended=False)
    length = batch.tokens.shape[1]
    return run(model, lambda state, _: state.respond(), environment, draw, end=None, limit=None, length=length).tokens
