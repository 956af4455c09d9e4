"""The step-wise path: what is fed, what ends a row, and that two phases are the textbook loop."""

import pytest
import torch

from benchmark.contracts import Batch, Context, Discrete, Response, seeded, stream, token_nll
from benchmark.learning.context import Origin, UpdateContext
from benchmark.learning.free_running import Draw, flip_coins, roll_in, roll_out, run
from benchmark.learning.step_wise import step_wise_nll
from benchmark.models.recurrent import GRU
from tests.factories import MODELS, EndingTask, make_model, prompted_batch

SPACE = Discrete(6)


def sampler(name: str = "draw") -> Draw:
    return Draw("sample", stream(name))


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("gold_probability", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("coin", ["token", "sequence"])
def test_rolling_in_and_one_parallel_pass_equal_the_step_wise_loop(model_class, gold_probability, coin):
    model, batch = make_model(model_class, SPACE, scale=2, layers=2), prompted_batch(rows=6, columns=20)
    gold = flip_coins(batch, gold_probability, coin, stream("coin"))

    fed = roll_in(model, batch, gold, sampler())
    two_phase = token_nll(model(fed), batch)
    two_phase.backward()
    gradients = {
        name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None
    }

    model.zero_grad()
    naive, fed_by_steps = step_wise_nll(model, batch, gold, sampler())
    naive.backward()

    assert torch.equal(fed, fed_by_steps)
    assert abs(two_phase - naive) <= 1e-10
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert (parameter.grad - gradients[name]).abs().max() <= 1e-10, name


def test_own_tokens_are_fed_where_the_coin_says_so_and_nowhere_else():
    model, batch = make_model(GRU, SPACE), prompted_batch(rows=200, columns=30)
    gold = flip_coins(batch, 0.3, "token", stream("coin"))
    fed = roll_in(model, batch, gold, sampler())
    assert torch.equal(fed[gold], batch.tokens[gold])
    assert gold[~batch.own].all()
    assert abs(gold[batch.own].float().mean() - 0.3) < 0.02
    assert (fed != batch.tokens)[~gold].float().mean() > 0.5


def test_a_coin_per_sequence_falls_once_a_row():
    batch = prompted_batch(rows=200, columns=30)
    gold = flip_coins(batch, 0.3, "sequence", stream("coin"))
    per_row = [set(row[own].tolist()) for row, own in zip(gold, batch.own, strict=True)]
    assert all(len(values) == 1 for values in per_row)
    assert {True, False} == set().union(*per_row)


def test_the_same_stream_draws_the_same_tokens_and_another_stream_others():
    model, batch = make_model(GRU, SPACE), prompted_batch()
    gold = ~batch.own
    assert torch.equal(roll_in(model, batch, gold, sampler("a")), roll_in(model, batch, gold, sampler("a")))
    assert not torch.equal(roll_in(model, batch, gold, sampler("a")), roll_in(model, batch, gold, sampler("b")))


def test_samples_follow_the_softmax_of_the_logits():
    logits = torch.tensor([1.0, 0.0, -1.0, float("-inf")])
    drawn = sampler()(logits.expand(200_000, -1))
    share = torch.bincount(drawn, minlength=4) / 200_000
    assert torch.allclose(share, logits.softmax(-1), atol=0.005)
    assert share[3] == 0


def test_a_roll_out_never_sees_golds_own_tokens_or_its_length():
    task, model = EndingTask(), make_model(GRU, EndingTask.space)
    batch = task.sample("test", 5, (4, 4), stream("x"))
    other = Batch.from_rows([[1, 2]] * 5, [[3, 3, 3, 3, 3, 0]] * 5)
    one, two = roll_out(model, task, batch, sampler()), roll_out(model, task, other, sampler())
    assert torch.equal(one.tokens, two.tokens)
    assert torch.equal(one.own, two.own)


def test_rows_end_at_their_end_symbol_or_at_the_limit():
    task, model = EndingTask(), make_model(GRU, EndingTask.space)
    output = roll_out(model, task, task.sample("test", 200, (4, 4), stream("x")), sampler())
    assert not output.own[:, :2].any()
    assert output.stopped.any()
    assert (~output.stopped).any()
    for tokens, own, stopped in zip(output.tokens, output.own, output.stopped, strict=True):
        said = tokens[own].tolist()
        assert (0 in said) == stopped
        assert said.index(0) == len(said) - 1 if stopped else len(said) == 7


def test_without_an_end_symbol_a_row_is_as_long_as_gold():
    from tasks.copycat_tagging import CopycatTagging

    task = CopycatTagging()
    batch = task.sample("test", 3, (9, 9), stream("x"))
    output = roll_out(make_model(GRU, task.space), task, batch, sampler())
    assert torch.equal(output.own, batch.own)
    assert torch.equal(output.tokens[batch.given], batch.tokens[batch.given])
    assert (output.tokens[batch.own] >= 4).all()


def test_an_environment_may_answer_to_what_the_model_said():
    """Whatever the model says, the environment repeats it once; after three own tokens the row is done."""

    def respond(state, token):
        column = 0 if state is None else state
        given = torch.full((2,), column % 2 == 1)
        supplied = torch.zeros(2, dtype=torch.int64) if token is None else token
        return Response(supplied, given, torch.full((2,), column >= 6), column + 1)

    done = run(make_model(GRU, SPACE), respond, None, sampler(), end=None, limit=None)
    assert torch.equal(done.tokens[:, 0::2], done.tokens[:, 1::2])
    assert done.own.tolist() == [[True, False] * 3] * 2


@pytest.mark.parametrize("model_class", MODELS)
def test_a_long_common_prompt_is_read_at_once(model_class):
    model, steps = make_model(model_class, SPACE), []
    batch = Batch.from_rows([[1] * 30] * 4, [[2, 3]] * 4)
    step = model.step
    model.step = lambda token, state: steps.append(1) or step(token, state)  # type: ignore[method-assign]
    model.stepper = lambda: model  # type: ignore[method-assign]
    roll_in(model, batch, ~batch.own, sampler())
    assert len(steps) == 1


def test_dropout_is_off_while_rolling_in_and_back_on_afterwards():
    with seeded("test"):
        model = GRU(SPACE, width=8, dropout=0.5)
    model.train()
    model.noise = torch.Generator().manual_seed(0)
    before = model.noise.get_state()
    roll_in(model, prompted_batch(), ~prompted_batch().own, sampler())
    assert torch.equal(before, model.noise.get_state())
    assert model.training


def test_the_context_hands_out_equal_streams_to_all_methods():
    first = UpdateContext(EndingTask(), Origin("ending", 3), step=7, progress=0.5)
    second = UpdateContext(EndingTask(), Origin("ending", 3), step=7, progress=0.9)
    later = UpdateContext(EndingTask(), Origin("ending", 3), step=8, progress=0.5)
    drawn = [torch.rand(3, generator=ctx.stream("coin")).tolist() for ctx in (first, second, later)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_context_is_what_the_contract_promises():
    promised = {name for name in vars(Context) if not name.startswith("_")} | set(Context.__annotations__)
    ctx = UpdateContext(EndingTask(), Origin("ending", 0), step=0, progress=0.0)
    assert promised <= set(dir(ctx))
    assert not hasattr(ctx, "task")
