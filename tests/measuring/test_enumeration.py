"""A language whose sequences can be listed has an exact grid; it agrees with the sampled one."""

import torch

from benchmark.contracts import Batch, Coordinates, Curve, Discrete, Metric, Output, Score, Task, stream
from benchmark.measuring.enumeration import enumerable, exact_grid
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.grid import DIVERGENCES, sampled_grid
from benchmark.models.recurrent import GRU
from benchmark.settings import Evaluation
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tasks.hmm_language import HmmLanguage
from tests.factories import make_model

CHAIN = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]], dtype=torch.float64)


class SmallChain(Task):
    """Four symbols of a first-order chain over three, uniform at first."""

    name = "small_chain"
    space = Discrete(3)
    metric = Metric("NLL", "nats", "lower", 0.0, None)
    curve = Curve("position", "symbols", ((1, 2), (3, 4)), (4, 4))
    coordinates = Coordinates("none (null control)", "stochastic", "fully", False, "synthetic", "nothing")
    decoding = "sample"

    def sample(self, split, size, length, stream) -> Batch:
        columns = [torch.randint(3, (size,), generator=stream)]
        for _ in range(3):
            columns.append(torch.multinomial(CHAIN[columns[-1]], 1, generator=stream).squeeze(1))
        tokens = torch.stack(columns, 1)
        return Batch(tokens, tokens < 0, tokens >= 0)

    def score(self, batch: Batch, output: Output) -> Score:
        return Score(torch.zeros(output.own.shape), output.own.double())

    def process(self, batch: Batch, history: torch.Tensor) -> torch.Tensor:
        first = torch.full((len(history), 1, 3), 1 / 3, dtype=torch.float64)
        return torch.cat([first, CHAIN[history[:, :-1]]], 1).log()


def test_only_small_languages_in_which_nothing_is_given_are_enumerated():
    assert enumerable(SmallChain())
    for task in (HmmLanguage(), CopycatTagging(), G2pSentences()):
        assert not enumerable(task)


def test_the_sampled_grid_lies_within_its_standard_errors_of_the_exact_one():
    task, model = SmallChain(), make_model(GRU, SmallChain.space, scale=3.0)
    with torch.no_grad():
        exact = exact_grid(model, task)
        gold = task.sample("test", 20_000, (4, 4), stream("gold"))
        q = model(gold.tokens).log_softmax(-1)
        sampled = sampled_grid([("gold", task.process(gold, gold.tokens), q, gold.own)], positions=4)
    for row in range(len(DIVERGENCES)):
        deviation = (sampled.mean[0, row] - exact.mean[0, row]).abs()
        assert (deviation <= 4 * sampled.error[0, row] + 1e-9).all()


def test_an_evaluation_of_a_small_language_has_no_sampling_error_in_its_grid():
    """Two seeds of the test set give the same grid to the bit."""
    task, model = SmallChain(), make_model(GRU, SmallChain.space)
    one, other = (evaluate(model, task, Evaluation(sequences=16), seed) for seed in (0, 1))
    for name in ("per_step_error", "regret", "sequence_kl_reverse"):
        assert one.measures[name] == other.measures[name]
        assert one.measures[name].value is not None
    assert "excess_accumulated_error_held_out" not in one.measures
