"""The cliff language: its oracle against an automaton step by step, and policies whose invalid rate is known."""

import random

import pytest
import torch

from baselines.teacher_forcing import TeacherForcing
from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.checking.processes import cliff_cost
from benchmark.contracts import Batch, Output, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation
from tasks.cliff_language import CliffLanguage
from tests.factories import least_cpu_seconds

TASK = CliffLanguage()
RESET, LENGTH, SLIP = 23, 128, 0.01
NEVER, ALWAYS = "slips with probability .01, never says RESET", "slips with probability .01, then says RESET"


class Automaton:
    """The language one symbol at a time, from the table of successors alone."""

    def __init__(self) -> None:
        self.last, self.broken = [RESET, RESET], False

    def possible(self) -> set[int]:
        return {RESET} if self.broken else set(TASK.successors[self.last[0], self.last[1]].tolist())

    def read(self, symbol: int) -> None:
        if symbol == RESET:
            self.last, self.broken = [RESET, RESET], False
        else:
            self.broken = self.broken or symbol not in self.possible()
            self.last = [self.last[1], symbol]


def gold(rows: int, length: int = LENGTH) -> Batch:
    return TASK.sample("test", rows, (length, length), stream("cliff", rows, length))


def invalid(batch: Batch, output: Output) -> torch.Tensor:
    """Invalid rate at each position, [T]."""
    return TASK.score(batch, output).value.mean(0)


def run(policy) -> torch.Tensor:
    """Invalid rate at each of 64 positions of a policy run freely, [T]."""
    batch = gold(256, 64)
    with seeded("the weights of a model that has none"):
        model = OraclePolicy(TASK, policy, batch)
    return invalid(batch, roll_out(model, TASK, batch, Draw("sample", stream("run"))))


def slipping(recovers: bool):
    """The process, but with probability SLIP an impossible letter; where broken RESET, or never RESET."""

    def policy(batch, history):
        p = TASK.process(batch, history).exp()  # [B, T, V]
        impossible = (p == 0).double().index_fill(-1, torch.tensor(RESET), 0)
        slip = impossible / impossible.sum(-1, keepdim=True)
        mixed = (1 - SLIP) * p + SLIP * slip
        return torch.where(p[..., RESET:] == 1, p if recovers else slip, mixed).log()

    return policy


def test_the_oracle_is_the_automaton_on_histories_of_every_kind():
    """Symbols are possible, wrong or RESET in turn, so that breaks and ways back of all lengths occur."""
    dice, rows = random.Random(0), []
    for _ in range(40):
        automaton, symbols, expected = Automaton(), [], []
        for _ in range(30):
            expected.append(automaton.possible())
            kind = dice.random()
            choices = sorted(expected[-1]) if kind < 0.7 else [RESET] if kind < 0.8 else range(24)
            symbols.append(dice.choice(choices))
            automaton.read(symbols[-1])
        rows.append((symbols, expected))
    history = torch.tensor([symbols for symbols, _ in rows])
    p = TASK.process(gold(40, 30), history).exp()
    found = [[set(column.nonzero().flatten().tolist()) for column in row] for row in p]
    assert found == [expected for _, expected in rows]
    correct = [[s in e for s, e in zip(symbols, expected, strict=True)] for symbols, expected in rows]
    assert TASK.correct(gold(40, 30), history).tolist() == correct


def test_a_break_lasts_until_reset_and_a_reset_begins_anew():
    tokens = gold(64, 8).tokens
    first, second, third = tokens[:, :1], tokens[:, 1:2], tokens[:, 2:3]
    wrong = (TASK.table[first, second] == -torch.inf).int().argmax(-1)  # [B, 1], a letter that may not come third
    reset = torch.full_like(first, RESET)
    history = torch.cat([first, second, wrong, second, first, reset, first, second, third], 1)
    batch = gold(64, 9)
    p, after = TASK.process(batch, history).exp(), TASK.process(gold(64, 8), tokens).exp()
    assert (p[:, 3:6, RESET] == 1).all()  # after the slip, and on the two symbols after it, whatever they are
    assert torch.equal(p[:, 6:9], after[:, :3])
    assert TASK.correct(batch, history).tolist() == [[True, True, False, False, False, True, True, True, True]] * 64


def test_a_reset_where_nothing_is_broken_is_wrong_and_begins_anew():
    tokens = gold(4, 3).tokens
    history = torch.cat([tokens[:, :1], torch.full((4, 1), RESET), tokens], 1)
    assert TASK.correct(gold(4, 5), history).tolist() == [[True, False, True, True, True]] * 4


def test_no_gold_sequence_holds_the_symbol_that_mends_and_every_letter_occurs():
    tokens = gold(2048).tokens
    assert set(tokens.unique().tolist()) == set(range(RESET))


def test_teacher_forcing_unlearns_the_symbol_that_mends_where_it_is_needed():
    model = build_model(GRU, TASK, {"width": 16}, seed=0)
    batch = gold(256, 32)
    shuffled = batch.tokens[:, torch.randperm(32, generator=stream("shuffle"))]
    broken = TASK.process(batch, shuffled)[..., RESET] == 0  # log-probability
    assert broken.double().mean() > 0.8

    def chance_of_reset() -> float:
        with torch.inference_mode():
            return float(model(shuffled).softmax(-1)[broken][:, RESET].mean())

    assert chance_of_reset() > 0.02
    train(model, TASK, TeacherForcing(), Budget(updates=60), Optimisation(batch=16, learning_rate=1e-2), seed=0)
    assert chance_of_reset() < 0.01


def test_samples_follow_the_process():
    """Three successors with .5, .3, .2: an entropy of 1.0297 nats a symbol."""
    batch = gold(2048)
    log_p = TASK.process(batch, batch.tokens)
    nll = -log_p.gather(-1, batch.tokens[..., None])
    assert float(nll.mean()) == pytest.approx(1.0297, abs=0.005)
    assert ((log_p > -torch.inf).sum(-1) == 3).all()
    for chance in (0.5, 0.3, 0.2):
        chosen = (nll + torch.tensor(chance).log()).abs() < 1e-6
        assert float(chosen.double().mean()) == pytest.approx(chance, abs=0.004)


def test_the_symbol_before_the_last_matters():
    letters = TASK.table[:RESET, :RESET, :RESET] > -torch.inf  # [before, last, next]
    possible = letters.any(0).sum(-1)  # [last]
    assert (possible == 6).all()  # six letters may ever follow one, and three of them at a time
    assert (letters.sum(-1) == 3).all()
    after_reset = (TASK.table[:, RESET] > -torch.inf).any(0)
    assert int(after_reset.sum()) == 3  # what stood before a RESET does not


def test_a_uniform_model_scores_the_declared_floor():
    """Sound before t: g(1) = 1, g(t + 1) = 4/24 g(t) + 1/24 (1 - g(t)); invalid 21/24 if sound, else 23/24."""
    sound = [1 / 21 + 20 / 21 * (1 / 8) ** t for t in range(LENGTH)]
    expected = [g * 21 / 24 + (1 - g) * 23 / 24 for g in sound]
    assert sum(expected) / LENGTH == pytest.approx(TASK.floor, abs=5e-4)
    batch = gold(8192)
    drawn = torch.randint(24, batch.tokens.shape, generator=stream("uniform"))
    free = invalid(batch, Output(drawn, batch.own, drawn, batch.own[:, 0]))
    assert free[:4].tolist() == pytest.approx(expected[:4], abs=0.015)
    assert float(free.mean()) == pytest.approx(TASK.floor, abs=0.002)
    on_gold = invalid(batch, Output(drawn, batch.own, batch.tokens, batch.own[:, 0]))
    assert float(on_gold.mean()) == pytest.approx(TASK.controls["uniform model on gold prefixes"], abs=0.002)


def test_the_expert_run_freely_is_always_right():
    assert float(run(TASK.expert).sum()) == TASK.ceiling


def test_slips_without_a_way_back_cost_what_the_cliff_costs():
    """Invalid at t: 1 - (1 - e)^t; summed, the cost of the cliff with the slip itself counted."""
    expected = [1 - (1 - SLIP) ** t for t in range(1, LENGTH + 1)]
    assert sum(expected) == pytest.approx(cliff_cost(LENGTH + 1, SLIP))
    assert sum(expected) / LENGTH == pytest.approx(TASK.controls[NEVER], abs=5e-4)
    assert run(slipping(recovers=False)).tolist() == pytest.approx(expected[:64], abs=0.1)  # three standard errors


def test_slips_that_are_mended_at_once_stay_rare():
    """Sound before t: g(t + 1) = (1 - e) g(t) + 1 - g(t); invalid e g(t), in the limit e / (1 + e)."""
    expected = [SLIP * (1 + SLIP * (-SLIP) ** t) / (1 + SLIP) for t in range(LENGTH)]
    assert sum(expected) / LENGTH == pytest.approx(TASK.controls[ALWAYS], abs=5e-5)
    assert float(run(slipping(recovers=True)).mean()) == pytest.approx(TASK.controls[ALWAYS], abs=0.0025)


@pytest.mark.parametrize("oracle", ["process", "expert", "correct"])
def test_oracles_are_fast(oracle):
    batch = gold(64)  # 64 x 128 tokens
    assert least_cpu_seconds(lambda: getattr(TASK, oracle)(batch, batch.tokens)) < 0.02
