"""Methods that make a model look ahead: further heads, and own tokens that are not fed."""

import pytest
import torch

from baselines.multi_token import MultiToken
from baselines.teacherless import Teacherless
from benchmark.contracts import Batch, Discrete, stream
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.loop import Trainer, build_model
from benchmark.models.recurrent import GRU
from benchmark.models.transformer import Transformer
from benchmark.settings import Budget, Optimisation
from tasks.copycat_tagging import CopycatTagging
from tests.factories import make_model, prompted_batch

MODEL_CLASSES = [GRU, Transformer]


def context() -> UpdateContext:
    return UpdateContext(CopycatTagging(), Origin("lookahead", 0), step=0, progress=0.5)


def built(tokens: int, model) -> MultiToken:
    method = MultiToken(tokens=tokens)
    method.build(model, stream("heads"))
    return method


def interleaved() -> Batch:
    return CopycatTagging().sample("train", 3, (5, 5), stream("gold"))


@pytest.mark.parametrize("batch", [prompted_batch(), interleaved()], ids=["prompted", "interleaved"])
@pytest.mark.parametrize("model_class", MODEL_CLASSES)
def test_the_kth_head_predicts_the_own_token_k_later(model_class, batch):
    """Row by row, token by token."""
    model = make_model(model_class, Discrete(8))
    method = built(3, model)
    loss, features = method.loss(model, batch, context()), model.hidden(batch.tokens)
    expected = []
    for ahead, head in enumerate([torch.nn.Identity(), *method.heads]):
        total = torch.tensor(0.0, dtype=torch.float64)
        for row in range(len(batch)):
            columns = batch.own[row].nonzero().flatten().tolist()
            for now, later in zip(columns, columns[ahead:], strict=False):
                log_q = model.project(head(features[row, now])).log_softmax(-1)
                total = total - log_q[batch.tokens[row, later]]
        expected.append(total / batch.own.sum())
    assert loss.objective.item() == pytest.approx(torch.stack(expected).sum().item(), abs=1e-10)
    assert loss.nll == pytest.approx(expected[0].item(), abs=1e-10)
    assert loss.parts["nll_2_ahead"] == pytest.approx(expected[2].item(), abs=1e-10)


def test_heads_beyond_the_end_of_every_row_do_no_harm():
    model = make_model(GRU, Discrete(8))
    batch = Batch.from_rows([[1, 2], [3]], [[4], [5, 6]])
    assert built(8, model).loss(model, batch, context()).objective.isfinite()


def test_further_heads_are_trained_with_the_model_counted_and_not_deployed():
    task = CopycatTagging()
    model, method = build_model(GRU, task, {"width": 8}, 0), MultiToken()
    trainer = Trainer(model, task, method, Budget(updates=2), Optimisation(batch=4), 0)
    before = [parameter.detach().clone() for parameter in method.parameters()]
    training = trainer.run()
    assert len(before) == 12
    assert all(not torch.equal(old, new) for old, new in zip(before, method.parameters(), strict=True))
    assert training.model is model
    assert training.spent.evaluations > model.evaluations


@pytest.mark.parametrize("model_class", MODEL_CLASSES)
def test_without_a_teacher_no_prediction_depends_on_own_tokens(model_class):
    batch, model = prompted_batch(), make_model(model_class, Discrete(8))
    changed = Batch(torch.where(batch.own, (batch.tokens + 1) % 6, batch.tokens), batch.given, batch.valid)
    seen = []

    class Watching(type(model)):
        def forward(self, tokens):
            seen.append(super().forward(tokens))
            return seen[-1]

    model.__class__ = Watching
    for one in (batch, changed):
        Teacherless(share=1.0).loss(model, one, context())
    assert torch.equal(seen[0], seen[1])
    assert (seen[0][batch.own] - model(batch.tokens)[batch.own]).abs().max() > 1e-3


def test_the_share_of_teacherless_sequences_is_that_of_the_knob_and_their_target_stays():
    tokens = prompted_batch(rows=400)
    model, seen = make_model(GRU, Discrete(8)), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    loss = Teacherless(share=0.3).loss(model, tokens, context())
    unseen = (seen[0] == model.start).any(1)
    assert float(unseen.double().mean()) == pytest.approx(0.3, abs=0.07)
    assert torch.equal(seen[0] == model.start, tokens.own & unseen[:, None])
    log_q = model(seen[0]).log_softmax(-1).gather(-1, tokens.tokens[..., None])[..., 0]
    assert loss.nll == pytest.approx(-log_q[tokens.own].mean().item(), abs=1e-10)


@pytest.mark.parametrize("model_class", MODEL_CLASSES)
def test_the_first_own_token_is_predicted_alike_with_and_without_a_teacher(model_class):
    batch, model = prompted_batch(), make_model(model_class, Discrete(8))
    fed = batch.tokens.masked_fill(batch.own, model.start)
    first = batch.own & (batch.own.cumsum(1) == 1)
    assert torch.equal(model(fed)[first], model(batch.tokens)[first])
