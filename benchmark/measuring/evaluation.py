"""Evaluation of a trained model: every instrument that a task allows, on the same test runs."""

from dataclasses import dataclass, field

import torch

from benchmark.contracts.dialogues import DialogueTask
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.task import Task
from benchmark.measuring.decodings import sweep_decodings
from benchmark.measuring.entropy import EntropyTally
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.interventions import applicable, put_interventions
from benchmark.measuring.lags import measure_quality_by_lag, possible
from benchmark.measuring.marginals import MarginalTally
from benchmark.measuring.oracle_measures import ErrorTally, grid_instrument
from benchmark.measuring.positions import position_buckets
from benchmark.measuring.quality_tally import QualityTally
from benchmark.measuring.replies import ReplyTally
from benchmark.measuring.runs import ROWS, Instrument, Runs, test_runs
from benchmark.measuring.series import SeriesTally
from benchmark.settings import Evaluation


def evaluate(model: SequenceModel, task: Task, settings: Evaluation, seed: int) -> Evaluated:
    """Measure a model on test sequences that are redrawn with the seed.

    Free-running quality is recorded under greedy decoding and under sampling; the task says which is the main one. The
    gold-prefix quality is that of the main decoding's choice at each position, given gold before it. The oracles that
    the task has are applied to the same runs. In a discrete space follow the experiments that need runs of their own:
    interventions, and the sweep over ways of decoding.
    """
    result = Evaluated()
    with torch.inference_mode():
        model.eval()
        instruments = _instruments(model, task, settings)
        for runs in test_runs(model, task, settings.sequences, seed):
            for instrument in instruments:
                instrument.add(runs)
    for instrument in instruments:
        instrument.put_into(result)
    if isinstance(task.space, Discrete):
        continued = put_interventions if applicable(task) else measure_quality_by_lag
        if possible(task):
            continued(result, model, task, seed, rows=min(settings.sequences, ROWS // 4))
        sweep_decodings(model, task, seed, min(settings.sequences, ROWS // 8), result)
    return result


def _instruments(model: SequenceModel, task: Task, settings: Evaluation) -> list[Instrument]:
    """The instruments for a task: those of its space, and those of the oracles that it has."""
    found: list[Instrument] = [QualityTally(task), _Facts(task)]
    if not isinstance(task.space, Discrete):
        return [*found, SeriesTally(task)]
    positions, buckets = task.curve.own_tokens, position_buckets(task)
    found += [EntropyTally(positions, buckets), MarginalTally(task.space.size, positions, buckets)]
    if isinstance(task, DialogueTask):
        found.append(ReplyTally(model, task))
    if task.has("process"):
        found.append(grid_instrument(model, task, settings.sequences))
    if task.has("correct"):
        found.append(ErrorTally(task))
    return found


@dataclass
class _Facts:
    """Likelihood of gold, errors on gold prefixes, and how free runs stop."""

    task: Task
    rows: int = 0
    own_length: int = 0
    gold_length: int = 0
    never_stopped: int = 0
    stopped_early: int = 0
    log_likelihoods: list[float] = field(default_factory=list)
    wrong: int = 0

    def add(self, runs: Runs) -> None:
        """Count."""
        batch, main = runs.batch, runs.main
        self.rows += len(batch)
        self.own_length += int(main.lengths.sum())
        self.gold_length += int(batch.lengths.sum())
        self.never_stopped += int((~main.stopped).sum())
        self.stopped_early += int((main.stopped & (main.lengths < batch.lengths)).sum())
        self.log_likelihoods.append(float(runs.log_likelihood.double().sum()))
        if isinstance(self.task.space, Discrete):
            self.wrong += int(((runs.gold.tokens != batch.tokens) & batch.own).sum())

    def put_into(self, result: Evaluated) -> None:
        """Enter shares and means; stopping is absent where the task has no end symbol."""
        if isinstance(self.task.space, Discrete):
            result.put("gold_prefix_token_error", self.wrong / self.gold_length, "share of own tokens", "lower")
        nats = -sum(self.log_likelihoods) / self.gold_length
        result.put("gold_prefix_nll", nats, "nats per own token", "lower")
        endless = "the task has no end symbol" if self.task.space.end is None else ""
        fixed = "" if self.task.curve.axis == "turn" else endless  # replies differ in length from gold's
        ratio = float("nan") if fixed else self.own_length / self.gold_length
        never, early = (
            float("nan") if endless else count / self.rows for count in (self.never_stopped, self.stopped_early)
        )
        result.put("length_ratio", ratio, "own tokens per gold token", "none", fixed)
        result.put("never_stopped", never, "share of rows", "lower", endless)
        result.put("stopped_early", early, "share of rows", "lower", endless)
