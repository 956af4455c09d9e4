"""The Dyck language: its oracle against a stack, its counts against walks, and policies whose invalid rate is known."""

import itertools

import numpy as np
import pytest
import torch

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import Batch, Output, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from tasks.dyck_language import DyckLanguage
from tests.factories import least_cpu_seconds

TASK = DyckLanguage()
TYPES, DEEPEST, LENGTH = 4, 6, 128
GUESSED = "right depth, guessed types"


def gold(rows: int, length: int = LENGTH) -> Batch:
    return TASK.sample("test", rows, (length, length), stream("dyck", rows, length))


def invalid(batch: Batch, tokens: torch.Tensor, history: torch.Tensor) -> torch.Tensor:
    """Invalid rate at each position, [T]."""
    return TASK.score(batch, Output(tokens, batch.own, history, batch.own[:, 0])).value.mean(0)


def run(policy, rows: int, length: int) -> torch.Tensor:
    """Invalid rate at each position of a policy run freely, [T]."""
    batch = gold(rows, length)
    with seeded("the weights of a model that has none"):
        model = OraclePolicy(TASK, policy, batch)
    tokens = roll_out(model, TASK, batch, Draw("sample", stream("run"))).tokens
    return invalid(batch, tokens, tokens)


def guess_the_type(batch, history):
    """The process, but a close is of any type."""
    p = TASK.process(batch, history).exp()  # [B, T, V]
    closing = p[..., TYPES:].sum(-1, keepdim=True) / TYPES
    return torch.cat([p[..., :TYPES], closing.expand(*p.shape[:2], TYPES)], -1).log()


def stack_automaton(symbols: list[int]) -> list[list[float]]:
    """Probabilities of the next symbol before each symbol, from a list used as a stack."""
    stack, rows = [], []
    for symbol in symbols:
        opening = 1.0 if not stack else 0.0 if len(stack) == DEEPEST else 0.5
        closing = [(1 - opening) * bool(stack and stack[-1] == kind) for kind in range(TYPES)]
        rows.append([opening / TYPES] * TYPES + closing)
        if symbol < TYPES and len(stack) < DEEPEST:
            stack.append(symbol)
        elif symbol >= TYPES and stack:
            stack.pop()
    return rows


def depths(opening: list[float]) -> np.ndarray:
    """P(depth before each position), [T, D + 1], of a walk from 0 that moves up with a probability by depth.

    A move beyond either end stays.
    """
    row, rows = np.eye(DEEPEST + 1)[0], []
    for _ in range(LENGTH):
        rows.append(row)
        up, down = row * opening, row * (1 - np.array(opening))
        row = np.append(0, up[:-1]) + np.append(down[1:], 0)
        row[-1] += up[-1]
        row[0] += down[0]
    return np.array(rows)


GOLD_DEPTHS = depths([1.0] + [0.5] * 5 + [0.0])
WRONG_IF_UNIFORM = np.array([4 / 8] + [3 / 8] * 5 + [7 / 8])  # of a symbol that is drawn uniformly, by depth


@pytest.mark.parametrize("opens", [0.5, 0.8])
def test_the_oracle_is_a_stack_on_wrong_histories_too(opens):
    """Mismatched closes, closes of nothing, and with more opens than closes opens of a seventh bracket."""
    batch = gold(64, 60)
    generator = stream("random brackets")
    is_open = torch.rand(batch.tokens.shape, generator=generator) < opens
    history = torch.randint(TYPES, batch.tokens.shape, generator=generator) + TYPES * ~is_open
    expected = torch.tensor([stack_automaton(row) for row in history.tolist()], dtype=torch.float64)
    assert torch.allclose(TASK.process(batch, history).exp(), expected)
    judged = expected.gather(-1, history[..., None]).squeeze(-1) > 0
    assert torch.equal(TASK.correct(batch, history), judged)
    assert 0.1 < judged.double().mean() < 0.9


def test_probabilities_of_all_sequences_sum_to_one_and_as_many_are_possible_as_there_are_walks():
    """Walks of 4 steps from 0 that stay above it, 4 types an open: 4^4 + 3 4^3 + 2 4^2 = 480."""
    every = torch.tensor(list(itertools.product(range(2 * TYPES), repeat=4)))
    log_p = TASK.process(gold(1), every).gather(-1, every[..., None]).sum((1, 2))
    assert float(log_p.exp().sum()) == pytest.approx(1)
    assert int((log_p > -torch.inf).sum()) == 480


def test_samples_follow_the_process():
    batch = gold(100_000, 3)
    place = torch.tensor([64, 8, 1])
    frequency = torch.bincount((batch.tokens * place).sum(1), minlength=512) / len(batch)
    every = torch.cartesian_prod(*[torch.arange(8)] * 3)
    log_p = TASK.process(batch, every).gather(-1, every[..., None]).sum((1, 2))
    assert (frequency - log_p.exp()).abs().max() < 0.0025


def test_depths_of_samples_are_those_of_the_walk():
    batch = gold(4096)
    depth = torch.where(batch.tokens < TYPES, 1, -1).cumsum(1)[:, :-1]  # after each symbol, before the next
    found = torch.stack([(depth == level).double().mean(0) for level in range(DEEPEST + 1)], 1)
    assert np.abs(found.numpy() - GOLD_DEPTHS[1:]).max() < 0.04
    assert float(found.sum(1).min()) == 1  # never another depth


def test_a_mismatched_close_takes_the_bracket_off():
    first, second, wrong, right = 0, 1, 6, 4  # ( [ } )
    history = torch.tensor([[first, second, wrong, right]])
    assert TASK.correct(gold(1, 4), history).tolist() == [[True, True, False, True]]


def test_what_cannot_be_done_changes_nothing():
    history = torch.tensor([[5, 0, 4, 4, 1] + [1] * 5 + [2, 5]])  # ] ( ) ) and six [, then { and ]
    correct = TASK.correct(gold(1, 12), history)[0].tolist()
    assert correct == [False, True, True, False, True] + [True] * 5 + [False, True]


def test_a_uniform_model_scores_the_declared_floor():
    """Its depth is a walk that stays where it cannot move; wrong with 4/8 at depth 0, 7/8 at 6, else 3/8."""
    expected = depths([0.5] * 7) @ WRONG_IF_UNIFORM
    assert expected.mean() == pytest.approx(TASK.floor, abs=5e-4)
    batch = gold(4096)
    drawn = torch.randint(2 * TYPES, batch.tokens.shape, generator=stream("uniform"))
    assert invalid(batch, drawn, drawn).tolist() == pytest.approx(expected.tolist(), abs=0.035)
    on_gold = GOLD_DEPTHS @ WRONG_IF_UNIFORM
    assert on_gold.mean() == pytest.approx(TASK.controls["uniform model on gold prefixes"], abs=5e-4)
    assert float(invalid(batch, drawn, batch.tokens).mean()) == pytest.approx(on_gold.mean(), abs=0.004)


def test_the_expert_run_freely_is_always_right():
    assert float(run(TASK.expert, 64, 64).sum()) == TASK.ceiling


def test_a_policy_that_forgets_types_errs_in_three_of_four_closes():
    """Its depth is gold's, because a mismatched close takes a bracket off like the right one."""
    closes = 1 - GOLD_DEPTHS @ np.array([1.0] + [0.5] * 5 + [0.0])  # P(close) at each position
    assert (0.75 * closes).mean() == pytest.approx(TASK.controls[GUESSED], abs=5e-4)
    assert run(guess_the_type, 512, 48).tolist() == pytest.approx((0.75 * closes)[:48].tolist(), abs=0.09)


@pytest.mark.parametrize("oracle", ["process", "expert", "correct"])
def test_oracles_are_fast(oracle):
    batch = gold(64)  # 64 x 128 tokens
    assert least_cpu_seconds(lambda: getattr(TASK, oracle)(batch, batch.tokens)) < 0.02
