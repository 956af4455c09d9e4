"""Small things that many tests need."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from benchmark.checking import machine
from benchmark.contracts import (
    Batch,
    Continuous,
    Coordinates,
    Curve,
    Discrete,
    Metric,
    Output,
    Score,
    SequenceModel,
    Space,
    Task,
    seeded,
)
from benchmark.learning.free_running import Draw
from benchmark.models.recurrent import GRU, LSTM
from benchmark.models.transformer import Transformer
from benchmark.reporting.grouping import group_records
from benchmark.reporting.results import Results
from benchmark.running.cell import Cell, Part
from benchmark.running.record import Record
from benchmark.settings import Budget, Evaluation, Optimisation
from benchmark.values import Measure, Point, TaskFacts

MODELS: tuple[type[SequenceModel], ...] = (Transformer, LSTM, GRU)


def make_model(model_class: type[SequenceModel], space: Space, scale: float = 1.0, **knobs) -> SequenceModel:
    """A model in float64 with reproducible weights, scaled."""
    with seeded("test", model_class.name):
        model = model_class(space, **({"width": 16} | knobs)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= scale
    return model


def prompted_batch(rows: int = 5, columns: int = 12, symbols: int = 6) -> Batch:
    """Prompts and rows of different lengths."""
    generator = torch.Generator().manual_seed(3)
    tokens = torch.randint(symbols, (rows, columns), generator=generator)
    column = torch.arange(columns)
    given = column < torch.randint(1, 4, (rows, 1), generator=generator)
    valid = column < torch.randint(columns - 4, columns + 1, (rows, 1), generator=generator)
    return Batch(tokens, given & valid, valid)


class EndingTask(Task):
    """Two letters of prompt, then up to `limit` own symbols; symbol 0 ends."""

    name = "ending"
    space = Discrete(4, end=0)
    metric = Metric("length", "tokens", "higher", 0.0, None)
    curve = Curve("length", "tokens", ((1, 4),), (1, 4))
    coordinates = Coordinates("open", "stochastic", "never", False, "synthetic", "prompt")
    decoding = "sample"

    def sample(self, split, size, length, stream) -> Batch:
        return Batch.from_rows([[1, 2]] * size, [[3] * (row % length[1]) + [0] for row in range(size)])

    def score(self, batch: Batch, output: Output) -> Score:
        return Score(output.lengths.double(), torch.ones(len(batch)).double())

    def limit(self, batch: Batch) -> Tensor:
        return torch.full((len(batch),), 7)


class Rotation(Task):
    """A point on a circle, turned by the same angle each step: 4 given, the rest the model's own."""

    name = "rotation"
    space = Continuous(2)
    metric = Metric("NRMSE", "standard deviations", "lower", 0.0, None, figure=lambda mean: float(mean.sqrt()))
    curve = Curve("position", "steps", ((1, 4), (5, 16)), (8, 8))
    coordinates = Coordinates("compounding", "deterministic", "never", False, "synthetic", "prompt")
    decoding = "greedy"
    floor = 1.0
    ceiling = 0.0
    lyapunov = 0.25

    def sample(self, split, size, length, stream) -> Batch:
        start = torch.rand(size, 1, generator=stream) * 2 * math.pi
        angle = start + 0.5 * torch.arange(4 + length[1])  # [B, T]
        tokens = 2**0.5 * torch.stack([angle.cos(), angle.sin()], 2)  # [B, T, D]
        given = (torch.arange(tokens.shape[1]) < 4).expand(size, -1)
        return Batch(tokens, given, torch.ones_like(given))

    def score(self, batch: Batch, output: Output) -> Score:
        return Score((output.tokens - batch.tokens).double().square().mean(-1), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        return -(output.tokens - batch.tokens).square().mean(-1).clamp_max(4) * output.own


def make_cell(task: str = "copycat_tagging", baseline: str = "teacher_forcing", seed: int = 0, **knobs) -> Cell:
    return Cell(
        task=Part(name=task, version="1"),
        model=Part(name="gru", version="1", knobs={"width": 8, "dropout": 0.0, "layers": 1}),
        baseline=Part(name=baseline, version="1", knobs=knobs),
        budget=Budget(updates=2),
        optimisation=Optimisation(batch=4),
        evaluation=Evaluation(sequences=4),
        seed=seed,
    )


FACTS = TaskFacts(
    metric="accuracy",
    unit="share of labels",
    direction="higher",
    axis="position",
    axis_unit="labels",
    trained=(1, 4),
    decoding="greedy",
    floor=0.0,
    ceiling=1.0,
    failure="delusion",
    source="synthetic",
)


def make_record(cell: Cell, quality: tuple[float, ...] = (0.9, 0.6, 0.2), facts: TaskFacts = FACTS) -> Record:
    buckets = [(1, 4), (5, 8), (9, 16)]
    mean = sum(quality) / len(quality)
    measure = Measure(value=mean, unit=facts.unit, direction=facts.direction, reason="")
    curve = [Point(low=low, high=high, value=value) for (low, high), value in zip(buckets, quality, strict=True)]
    return Record(
        cell=cell,
        status="ok",
        facts=facts,
        measures={"free_running": measure, "gold_prefix": measure, "gap": measure},
        curves={"free_running": curve, "gold_prefix": curve},
        spent={"updates": 2, "evaluations": 100, "training_cpu_seconds": 1.0, "cell_wall_seconds": 1.5},
    )


def results_of(records: Sequence[Record]) -> Results:
    """A folder of results that lies nowhere."""
    return Results("results", group_records(records))


least_cpu_seconds = partial(machine.least_cpu_seconds, times=20)


def run_process_freely(task: Task, batch: Batch, draw: Draw) -> Tensor:
    """The process of an interleaved task (x1 y1 x2 y2 ...), fed with its own labels where none is given; [B, T].

    For processes that look back no further than the last label, so that a window of two labels is all they see.
    """
    history = batch.tokens.clone()
    for column in range(1, history.shape[1], 2):
        window = history[:, max(column - 3, 0) : column + 1]  # [B, 4], or [B, 2] at first
        chosen = draw(task.process(batch, window)[:, -1])
        history[:, column] = torch.where(batch.given[:, column], history[:, column], chosen)
    return history
