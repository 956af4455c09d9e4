"""Quality and diversity over ways of decoding: a method must be better than teacher forcing at another temperature.

Caccia et al. 2020 (arXiv 1811.02549): quality is the process's NLL of the model's samples, diversity the model's NLL of
data; each temperature is a point, and a method whose point is worse in both than one of another's is dominated.

Axes: B batch, T time (columns), V vocabulary.
"""

import math
from dataclasses import dataclass

import torch

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.losses import mean_over_own, token_log_likelihood
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Decoding, Task
from benchmark.learning.beam import ANSWERS_BEAMS_APART, beam_search, beams_agree
from benchmark.learning.free_running import Draw
from benchmark.measuring import text
from benchmark.measuring.errors_in_time import by_position
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.quality import figure_of
from benchmark.measuring.runs import run_freely

NGRAM = 4
PREFIX = 8


@dataclass(frozen=True)
class Way:
    """A way of decoding; with more than one beam the rest does not matter."""

    decoding: Decoding = "greedy"
    temperature: float = 1.0
    nucleus: float = 1.0
    beams: int = 1


WAYS: dict[str, Way] = {
    "greedy": Way("greedy"),
    **{f"temperature_{value:g}": Way("sample", temperature=value) for value in (0.5, 0.7, 0.85, 1.0, 1.2)},
    "nucleus_0.95": Way("sample", nucleus=0.95),
    "beam_4": Way(beams=4),
}


def sweep_decodings(model: SequenceModel, task: Task, seed: int, rows: int, result: Evaluated) -> None:
    """Run the same test instances freely in each way and enter quality, diversity, repetition and the two NLLs.

    The instances are as long as training sequences.
    """
    batch = task.sample("test", rows, task.curve.trained, stream(task.name, seed, "decodings"))
    with torch.inference_mode():
        model.eval()
        gold_logits = model(batch.tokens)  # [B, T, V]
        for name, way in WAYS.items():
            if way.beams > 1 and not beams_agree(task):
                _put_absent(result, name, task, ANSWERS_BEAMS_APART)
                continue
            output = _run(model, task, batch, way, stream(task.name, seed, "decodings", name))
            _put(result, name, task, batch, output)
            if way.decoding == "sample" and way.nucleus == 1:
                log_q = token_log_likelihood(gold_logits / way.temperature, batch.tokens, batch.own)
                result.put(
                    f"data_nll_at_{name}", -float(mean_over_own(log_q, batch.own)), "nats per own token", "lower"
                )


def _run(model: SequenceModel, task: Task, batch: Batch, way: Way, generator: torch.Generator) -> Output:
    if way.beams > 1:
        return beam_search(model, task, batch, way.beams).with_log_probabilities(model)
    return run_freely(model, task, batch, Draw(way.decoding, generator, way.temperature, way.nucleus))


def _put_absent(result: Evaluated, name: str, task: Task, reason: str) -> None:
    """Enter the quality of a way in which a task cannot be run as absent."""
    result.put(f"quality_at_{name}", math.nan, task.metric.unit, task.metric.direction, reason)


def _put(result: Evaluated, name: str, task: Task, batch: Batch, output: Output) -> None:
    metric = task.metric
    result.put(f"quality_at_{name}", figure_of(metric, [task.score(batch, output)]), metric.unit, metric.direction)
    tokens, own = by_position(output.tokens, output.own)
    short = f"no row has {NGRAM} own tokens"
    result.put(
        f"distinct_at_{name}", text.distinct_ngrams(tokens, own, NGRAM), f"share of {NGRAM}-grams", "higher", short
    )
    result.put(
        f"repeated_at_{name}", text.repeated_ngrams(tokens, own, NGRAM), f"share of {NGRAM}-grams", "lower", short
    )
    prefixes = text.distinct_prefixes(tokens, own, PREFIX)
    result.put(f"distinct_prefixes_at_{name}", prefixes, "share of rows", "higher", f"no row has {PREFIX} own tokens")
    if task.has("process"):
        log_p = task.process(batch, output.tokens).gather(-1, output.tokens[..., None]).squeeze(-1)  # [B, T]
        own_log_p = log_p.masked_fill(~output.own, 0.0)
        oracle = -float(own_log_p.sum()) / max(int(output.own.sum()), 1)
        result.put(f"oracle_nll_at_{name}", math.inf if math.isnan(oracle) else oracle, "nats per own token", "lower")
