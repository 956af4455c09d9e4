"""Direct preference optimisation: where it starts and what it moves."""

import math

import pytest
import torch

from baselines.dpo import DPO
from benchmark.checking.policy_gradients import SAMPLES, SEQUENCES, EnumeratedContext, gradient, reward_of, small_model
from benchmark.contracts import (
    Batch,
    SequenceModel,
    bradley_terry,
    draw_samples,
    log_ratio,
    pairwise,
    preferred_margin,
    token_log_likelihood,
)
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.loop import Trainer, build_model
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging

EMPTY = torch.zeros(SAMPLES, 2, dtype=torch.int64)
BATCH = Batch(EMPTY, EMPTY > 0, EMPTY == 0)


def loss_of(model: SequenceModel, rows: list[int], **knobs):
    method = DPO(warm_start=0.0, samples=SAMPLES, **knobs)
    method.build(model, torch.Generator())
    return method.loss(model, BATCH, EnumeratedContext(SEQUENCES[rows]))


@pytest.mark.parametrize("sampler", ["start", "current"])
def test_at_the_start_the_loss_is_the_log_of_two(sampler):
    loss = loss_of(small_model(), [3, 7], sampler=sampler)
    assert loss.objective.item() == pytest.approx(math.log(2))
    assert loss.parts["margin"] == 0 and loss.parts["log_ratio"] == 0


def test_at_the_start_the_gradient_raises_the_better_sample_and_lowers_the_other_by_half_of_beta():
    model, rows = small_model(), [3, 7]
    own = torch.ones(2, 2, dtype=torch.bool)
    log_q = token_log_likelihood(model(SEQUENCES[rows]), SEQUENCES[rows], own).sum(1)
    better = reward_of(SEQUENCES[rows]).sum(1).diff().sign()  # 1 where the second is better
    expected = gradient(model, -0.2 / 2 * (better * log_q.diff()).sum())
    assert torch.allclose(gradient(model, loss_of(model, rows, beta=0.2).objective), expected, atol=1e-12)


def test_a_tie_moves_nothing():
    model = small_model()
    loss = loss_of(model, [3, 3])
    assert loss.objective.item() == 0 and loss.parts["ties"] == 1
    assert gradient(model, loss.objective).abs().max() == 0


def test_the_margin_on_held_out_pairs_rises():
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": 16}, seed=0)
    method = DPO(warm_start=0.4)
    trainer = Trainer(model, task, method, Budget(updates=60), Optimisation(batch=32, learning_rate=1e-2), seed=0)
    trainer.run()
    held_out = task.sample("validation", 512, (16, 16), torch.Generator().manual_seed(1))
    start = method.start.model
    drawn = draw_samples(start, held_out, UpdateContext(task, Origin("held out", 0), 0, 1.0), samples=2)
    with torch.no_grad():
        margin = method.beta * pairwise(log_ratio(model, start, drawn.output)[1].sum(1), 2)
    assert preferred_margin(margin, drawn.preference) > 0.02
    assert float(bradley_terry(margin, drawn.preference)) < math.log(2)
