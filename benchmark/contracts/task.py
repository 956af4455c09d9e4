"""What is learned: data, a score, and, where they are known, the oracles.

Axes: B batch, T time (columns), V vocabulary, K statistics.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output, own_positions
from benchmark.contracts.package_data import PackageData, missing_data
from benchmark.contracts.spaces import Space
from benchmark.errors import unknown_name

Split = Literal["train", "validation", "test"]
Decoding = Literal["greedy", "sample"]

CAPABILITIES = ("reward", "process", "expert", "correct")


@dataclass(frozen=True)
class Metric:
    """A metric of a task.

    Attributes:
        name: what it is called, e.g. "accuracy".
        unit: e.g. "share of labels" or "nats per token".
        direction: whether higher or lower is better; never guessed from the name.
        low, high: the range; None where it is unbounded.
        gold_prefix: "" where the same metric can be had on gold prefixes, else the reason why it cannot.
        figure: turns the weighted mean of the scores of a group, [] or [K], into the group's figure: the mean itself,
            its root for a root mean square, or a function of K mean statistics for a metric of a whole corpus.
    """

    name: str
    unit: str
    direction: Literal["higher", "lower"]
    low: float | None
    high: float | None
    gold_prefix: str = ""
    figure: Callable[[Tensor], float] = float


@dataclass(frozen=True)
class Curve:
    """The axis along which quality falls off, and the grid on it.

    Attributes:
        axis: "position" buckets a per-token metric by output position; "turn" one by the turns of a dialogue, or
            the bars of a tune (`Task.positions` numbers them); "length" a sequence metric by gold length.
        unit: what is counted, e.g. "labels". Counts begin at 1.
        buckets: inclusive (low, high), increasing, inside and beyond the training lengths.
        trained: inclusive (low, high) of the lengths seen in training.
        tokens: most own tokens of an output that measures by position look at; the longest length if not given.
    """

    axis: Literal["position", "turn", "length"]
    unit: str
    buckets: tuple[tuple[int, int], ...]
    trained: tuple[int, int]
    tokens: int | None = None

    def __post_init__(self) -> None:
        before = 0
        for low, high in self.buckets:
            before = high if before < low <= high else math.inf
        if not 0 < before < math.inf:
            raise ValueError(f"buckets must increase from 1 or more without overlap, got {self.buckets}")

    @property
    def longest(self) -> int:
        """The greatest length that is tested."""
        return self.buckets[-1][1]

    @property
    def own_tokens(self) -> int:
        """Own tokens of the longest output that measures by position look at."""
        return self.tokens or self.longest


@dataclass(frozen=True)
class Coordinates:
    """Where a task lies among all sequence tasks, so that findings can be stated per kind of task.

    Attributes:
        failure: which failure it probes: the predictor was never learned; errors compound in states it does not know;
            delusion, in which it takes its own tokens for evidence; or none (a null control).
        target: is the gold token determined by the history?
        recoverable: can a wrong token be undone by later correct behaviour?
        aligned: is the gold target still right after a wrong prefix?
        given: what the environment supplies.
    """

    failure: Literal["never learned", "compounding", "delusion", "none (null control)", "open"]
    target: Literal["deterministic", "stochastic"]
    recoverable: Literal["fully", "partly", "never"]
    aligned: bool
    source: Literal["synthetic", "real"]
    given: Literal["nothing", "prompt", "observations", "turns"]


class Score(NamedTuple):
    """Values of a metric and their weights: [B, T] (axes "position" and "turn") or [B] (axis "length").

    The mean of a group is sum(value * weight) / sum(weight); a weight of 0 leaves a value out. A metric of a whole
    corpus has K statistics a sequence, value [B, K] and weight [B], and its `figure` makes one number of their means.
    """

    value: Tensor
    weight: Tensor


class Response(NamedTuple):
    """The environment's part of the next column.

    Attributes:
        supplied: [B] int64 (or [B, D] float), the token where it is given, anything elsewhere.
        given: [B] bool, whether the environment supplies the token of this column.
        done: [B] bool, whether the row is over before this column.
        state: handed to the next call of `respond`.
    """

    supplied: Tensor
    given: Tensor
    done: Tensor
    state: Any


class Replay(NamedTuple):
    """State of the default environment: what is given is read off the gold sequences, column by column.

    Attributes:
        tokens, given, valid: [B, T] as in a Batch.
        open_ended: whether a row goes on beyond its gold sequence until an end symbol or a limit ends it.
        column: the next one.
    """

    tokens: Tensor
    given: Tensor
    valid: Tensor
    open_ended: bool
    column: int = 0

    def respond(self) -> Response:
        """Supply the given tokens of this column."""
        column, following = self.column, self._replace(column=self.column + 1)
        if column < self.tokens.shape[1]:
            valid = self.valid[:, column]  # [B]
            done = torch.zeros_like(valid) if self.open_ended else ~valid
            return Response(self.tokens[:, column], self.given[:, column] & valid, done, following)
        nothing = torch.zeros_like(self.valid[:, 0])  # [B]
        done = nothing if self.open_ended else ~nothing
        return Response(torch.zeros_like(self.tokens[:, 0]), nothing, done, following)


class Task(ABC):
    """What is learned. A subclass declares the attributes, samples and scores; the oracles are optional.

    Every oracle is total: defined on any history, off-support ones too. Splits and lengths are asked for by name, and
    all randomness comes from the generator that is handed in.

    Attributes:
        further_metrics: others that are recorded beside the main one; `further_scores` has their values.
        floor, ceiling: frozen controls of the main metric, what chance and the best free-running policy reach.
        controls: further frozen controls of the main metric by name, such as the process run freely.
        reward_temperature: weight of the entropy bonus at which the optimum of the expected reward is the task's own
            target: 1 where the reward is a log-probability, 0 where the target is determined.
        edition: what else than the version the data depend on, e.g. the interpreter whose library is read; it enters
            the key of a cell.
        lyapunov: largest Lyapunov exponent of a chaotic series, per step; its inverse is the Lyapunov time.
        needs: what must be installed: data of packages, or modules by name.
        citation: BibTeX of the task's source.
        licence: of the data.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    edition: ClassVar[str] = ""
    space: Space
    metric: ClassVar[Metric]
    further_metrics: ClassVar[tuple[Metric, ...]] = ()
    curve: ClassVar[Curve]
    coordinates: ClassVar[Coordinates]
    decoding: ClassVar[Decoding]
    floor: ClassVar[float | None] = None
    ceiling: ClassVar[float | None] = None
    controls: ClassVar[dict[str, float]] = {}
    reward_temperature: ClassVar[float] = 0.0
    lyapunov: ClassVar[float | None] = None
    needs: ClassVar[tuple[PackageData | str, ...]] = ()
    citation: ClassVar[str] = ""
    licence: ClassVar[str] = "none needed: generated"

    @classmethod
    def missing(cls) -> str:
        """Return why the task cannot run here (a package that is not installed), or ""."""
        return missing_data(cls.needs)

    @classmethod
    def warm_up(cls) -> None:
        """Read what every cell of the task needs, to be kept, before any clock runs; by default nothing.

        A process reads it once, and on one machine the cells share what was read before they were forked.
        """
        return

    @abstractmethod
    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw `size` sequences whose length in the curve's unit lies in the inclusive range."""

    @abstractmethod
    def score(self, batch: Batch, output: Output) -> Score:
        """Judge an output by the main metric, per own token or per sequence as the curve's axis says."""

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, ...]:
        """Judge an output by each of the further metrics, in their order."""
        return ()

    def positions(self, output: Output) -> Tensor:
        """Number the columns along the curve's axis, from 1: [B, T] int64, 0 where a column counts for nothing."""
        return own_positions(output.own)

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """Reward of each own token, [B, T] of the output, higher is better, 0 elsewhere."""
        raise NotImplementedError

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """Log-probabilities [B, T, V] of the data process at each column, taking the history before it as evidence."""
        raise NotImplementedError

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """Log-probabilities [B, T, V] of the best action at each column, own tokens being actions and not evidence."""
        raise NotImplementedError

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """[B, T] bool: is the token of the history right, given the history before it?"""
        raise NotImplementedError

    @classmethod
    def has(cls, capability: str) -> bool:
        """Return whether the task has "reward", "process", "expert" or "correct".

        Raises:
            UsageError: for any other word.
        """
        if capability not in CAPABILITIES:
            raise unknown_name("capability of a task", capability, CAPABILITIES)
        return getattr(cls, capability) is not getattr(Task, capability)

    def limit(self, batch: Batch) -> Tensor:
        """[B] int64: own tokens after which a row is cut; gold's count unless a task with an end symbol says more."""
        return batch.lengths

    def begin(self, batch: Batch) -> Any:
        """Return the environment's state before the first column."""
        return Replay(batch.tokens, batch.given, batch.valid, open_ended=self.space.end is not None)

    def respond(self, state: Any, token: Tensor | None) -> Response:
        """Supply the environment's part of the next column.

        Args:
            state: from `begin` or the previous response.
            token: [B] int64, the tokens of the previous column; None before the first.
        """
        return state.respond()
