"""The cheap ways to stabilise teacher forcing, each against what it should feed, aim at or deploy."""

import pytest
import torch
import torch.nn.functional as F

from baselines.averaged_weights import AveragedWeights
from baselines.input_noise import InputNoise
from baselines.label_smoothing import LabelSmoothing
from baselines.teacher_forcing import TeacherForcing
from baselines.word_dropout import WordDropout
from benchmark.contracts import Discrete, SequenceModel, stream
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import Trainer, build_model
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging
from tasks.lorenz63 import Lorenz63
from tests.baselines.feeding import context, fed_by, wide_batch
from tests.factories import Rotation, make_model

SPACE = Discrete(4, emits=(1, 2, 3))


def flat(model: SequenceModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def small_trainer(baseline) -> Trainer:
    model = build_model(GRU, CopycatTagging(), {"width": 8}, seed=0)
    return Trainer(model, CopycatTagging(), baseline, Budget(updates=6), Optimisation(batch=4), seed=0)


def test_the_deployed_weights_are_the_moving_average_of_the_trained_ones():
    method = AveragedWeights(decay=0.2)
    trainer = small_trainer(method)
    average = flat(trainer.model)
    for decay in (1 / 10, 2 / 11, 0.2, 0.2):
        trainer.update()
        average = decay * average + (1 - decay) * flat(trainer.model)
    assert torch.allclose(flat(method.deployed(trainer.model)), average, atol=1e-6)


def test_averaging_leaves_training_as_it_is():
    plain, averaged = small_trainer(TeacherForcing()), small_trainer(AveragedWeights())
    averaged.run()
    assert torch.equal(flat(plain.run().model), flat(averaged.model))


def test_an_average_goes_on_from_a_state():
    whole, first, second = (small_trainer(AveragedWeights()) for _ in range(3))
    for _ in range(3):
        first.update()
    second.load_state_dict(first.state_dict())
    assert torch.equal(flat(whole.run().model), flat(second.run().model))


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_averaging_narrows_the_spread_of_free_running_error_over_the_last_updates(seed):
    """At a constant, high learning rate on a chaotic series, as Block et al. (2023) report of cloned behaviour."""
    task, method, updates = Lorenz63(), AveragedWeights(), 480  # at 240 both still learn, and a trend is no spread
    settings = Optimisation(batch=16, learning_rate=2e-2, final=1.0)
    model = build_model(GRU, task, {"width": 16}, seed)
    trainer = Trainer(model, task, method, Budget(updates=updates), settings, seed)
    test = task.sample("test", 64, (22, 22), stream("test"))

    def error(model: SequenceModel) -> torch.Tensor:
        output = roll_out(model, task, test, Draw("greedy", stream("draw")))
        return (output.tokens - test.tokens)[test.own].square().mean().sqrt()

    errors = []
    for update in range(1, updates + 1):
        trainer.update()
        if update > updates - 100 and update % 5 == 0:
            errors.append(torch.stack([error(model), error(method.deployed(trainer.model))]))
    raw, averaged = torch.stack(errors).std(0)  # [checkpoints, 2] -> [2]
    assert averaged < raw / 2


def test_label_smoothing_is_that_of_torch_over_the_emitted_symbols():
    batch, model = wide_batch(symbols=3), make_model(GRU, Discrete(5, emits=(0, 1, 2)))
    logits, target = model(batch.tokens)[batch.own][:, :3], batch.tokens[batch.own]
    expected = F.cross_entropy(logits, target, label_smoothing=0.3)
    loss = LabelSmoothing(smoothing=0.3).loss(model, batch, context())
    assert abs(loss.objective - expected) < 1e-10
    assert loss.nll == pytest.approx(F.cross_entropy(logits, target).item())
    loss.objective.backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_word_dropout_feeds_the_start_symbol_in_place_of_own_tokens_alone():
    batch, model = wide_batch(), make_model(GRU, SPACE)
    fed = fed_by(WordDropout(rate=0.25), model, batch)
    hidden = fed == model.start
    assert torch.equal(fed[~hidden], batch.tokens[~hidden])
    assert not hidden[~batch.own].any()
    assert float(hidden[batch.own].double().mean()) == pytest.approx(0.25, abs=0.02)
    assert (fed_by(WordDropout(rate=1.0), model, batch) == model.start).equal(batch.own)


def test_input_noise_replaces_own_tokens_by_emitted_symbols():
    batch, model = wide_batch(), make_model(GRU, SPACE)
    changed = (fed := fed_by(InputNoise(noise=0.5), model, batch)) != batch.tokens
    assert not changed[~batch.own].any()
    assert set(fed[changed].tolist()) == {1, 2, 3}
    emitted = batch.own & (batch.tokens >= 1)
    assert float(changed[batch.own & ~emitted].double().mean()) == pytest.approx(0.5, abs=0.03)
    assert float(changed[emitted].double().mean()) == pytest.approx(0.5 * 2 / 3, abs=0.03)  # a third falls on itself


def test_input_noise_on_vectors_is_added_with_its_standard_deviation():
    task = Rotation()
    batch = task.sample("train", 500, (8, 8), stream("rotation"))
    model = build_model(GRU, task, {"width": 8}, 0)
    added = fed_by(InputNoise(noise=0.2), model, batch) - batch.tokens
    assert (added[batch.given] == 0).all()
    assert float(added[batch.own].std()) == pytest.approx(0.2, abs=0.01)
    assert float(added[batch.own].mean()) == pytest.approx(0.0, abs=0.01)
