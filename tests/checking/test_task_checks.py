"""`ebb check` of tasks: every task in the folder passes, and each way of being wrong is named."""

import json
import random
import time

import pytest
import torch

from benchmark.checking.conformance import Check, Failed, apply, statement
from benchmark.checking.oracle_checks import (
    ORACLE_CHECKS,
    expert_reaches_ceiling,
    gold_is_correct,
    is_fast,
    process_explains_gold,
    process_is_causal,
    process_is_total,
    uniform_is_at_floor,
)
from benchmark.checking.task_checks import (
    DATA_CHECKS,
    declares_itself,
    draws_from_its_stream,
    environment_replays_gold,
    keeps_to_lengths,
    lays_out_batches,
    limit_leaves_room,
    rewards_prefer_gold,
    scores_lie_in_range,
    splits_are_disjoint,
)
from benchmark.cli.main import execute
from benchmark.contracts import Batch, Response, Score, Task
from benchmark.contracts.registry import Registry
from tasks.addition import Addition
from tasks.dyck_language import DyckLanguage
from tasks.hmm_language import HmmLanguage
from tasks.ring_tracking import RingTracking
from tests.factories import EndingTask, Rotation

TASKS = {entry.name: Registry().task(entry.name) for entry in Registry().of("tasks") if not entry.reason}
CHECKS = (*DATA_CHECKS, *ORACLE_CHECKS)


@pytest.mark.parametrize("name", sorted(TASKS))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_task_keeps_its_promises(name, check):
    outcome, detail = apply(TASKS[name](), check)
    assert outcome != "failed", f"{statement(check)}: {detail}"


def test_every_check_states_what_it_asks():
    assert len({statement(check) for check in CHECKS}) == len(CHECKS) == 18


@pytest.mark.parametrize("check", DATA_CHECKS, ids=lambda check: check.__name__)
def test_the_checks_of_data_hold_in_continuous_spaces(check):
    class Circle(Rotation):
        """A point on a circle."""

        citation = "@misc{circle}"

    outcome, detail = apply(Circle(), check)
    assert outcome == "passed", detail


class Undocumented(DyckLanguage):
    citation = "Hewitt et al. 2020"


Undocumented.__doc__ = "A language."


class Upside(DyckLanguage):
    """Floor and ceiling exchanged."""

    floor, ceiling = 0.0, 0.5


class Stranger(DyckLanguage):
    """A symbol outside the vocabulary."""

    def sample(self, split, size, length, stream) -> Batch:
        batch = super().sample(split, size, length, stream)
        return Batch(batch.tokens + 1, batch.given, batch.valid)


class Endless(EndingTask):
    """Rows that are not ended."""

    def sample(self, split, size, length, stream) -> Batch:
        return Batch.from_rows([[1, 2]] * size, [[3] * 4] * size)


class Short(DyckLanguage):
    """One symbol too few."""

    def sample(self, split, size, length, stream) -> Batch:
        return super().sample(split, size, (length[0] - 1, length[1] - 1), stream)


class Global(DyckLanguage):
    """Samples from a global generator."""

    def sample(self, split, size, length, stream) -> Batch:
        random.random()
        return super().sample(split, size, length, stream)


class Fixed(DyckLanguage):
    """Samples always the same."""

    def sample(self, split, size, length, stream) -> Batch:
        return super().sample(split, size, length, torch.Generator().manual_seed(3))


class Leaking(DyckLanguage):
    """Every fiftieth sequence of any split is one of sixteen."""

    def sample(self, split, size, length, stream) -> Batch:
        batch = super().sample(split, size, length, stream)
        known = super().sample("train", 16, length, torch.Generator().manual_seed(3)).tokens
        row = torch.arange(size)
        tokens = torch.where((row % 50 == 0)[:, None], known[row % 16], batch.tokens)
        return Batch(tokens, batch.given, batch.valid)


class Impatient(DyckLanguage):
    """Cut before the end."""

    def limit(self, batch):
        return batch.lengths - 1


class Late(RingTracking):
    """Supplies the observation of the step before."""

    def respond(self, state, token) -> Response:
        response = super().respond(state, token)
        before = state.tokens[:, max(state.column - 2, 0)]
        return response._replace(supplied=before)


class Percent(DyckLanguage):
    """Scores in per cent."""

    def score(self, batch, output) -> Score:
        value, weight = super().score(batch, output)
        return Score(100 * value, weight)


class Reversed(RingTracking):
    """Takes right for wrong."""

    def score(self, batch, output) -> Score:
        value, weight = super().score(batch, output)
        return Score(1 - value, weight)


class Overall(RingTracking):
    """One score a row where the axis is of positions."""

    def score(self, batch, output) -> Score:
        value, _ = super().score(batch, output)
        return Score(value.mean(1), torch.ones(len(value)))


class Generous(RingTracking):
    """Rewards the observations as well."""

    def reward(self, batch, output):
        return (output.tokens == batch.tokens).float()


class Partial(HmmLanguage):
    """A process that is no distribution."""

    def process(self, batch, history):
        return super().process(batch, history) - 0.01


class Prophet(HmmLanguage):
    """A process that knows the token it predicts."""

    def process(self, batch, history):
        return super().process(batch, history).roll(-1, 1)


class Smoothed(HmmLanguage):
    """Another process than the one that made the data."""

    def process(self, batch, history):
        return (0.9 * super().process(batch, history).exp() + 0.1 / 16).log()


class Lenient(DyckLanguage):
    """Everything is right."""

    def correct(self, batch, history):
        return batch.own


class Strict(Addition):
    """Gold itself is wrong."""

    def correct(self, batch, history):
        return super().correct(batch, history) & (history != 3)


class Modest(RingTracking):
    """A ceiling that is too low, and a floor that is too."""

    floor, ceiling = 0.01, 0.25


class Slow(DyckLanguage):
    """A process that takes its time."""

    def process(self, batch, history):
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        return super().process(batch, history)


@pytest.mark.parametrize(
    ("task", "check", "message"),
    [
        (Undocumented, declares_itself, "citation is not a BibTeX entry"),
        (Upside, declares_itself, "the ceiling 0.5 is not better than the floor 0.0: lower is better"),
        (Stranger, lays_out_batches, "symbols 1 to 8 lie outside the vocabulary of 8"),
        (Endless, lays_out_batches, "the last own token of a row is not the end symbol"),
        (Short, keeps_to_lengths, "asked for 4 symbols, the longest row has 3"),
        (Global, draws_from_its_stream, "sampling touched the global generator of random: draw from `stream` alone"),
        (Fixed, draws_from_its_stream, "two seeds gave one batch: the stream is not used"),
        (Leaking, splits_are_disjoint, "8 of 509 test examples are in train: split by a hash of the example"),
        (Impatient, limit_leaves_room, "gold is 1 own tokens longer than `limit`"),
        (Late, environment_replays_gold, "what is supplied differs from what gold was given: `respond` is not in step"),
        (Percent, scores_lie_in_range, "lies outside [0.0, 1.0]"),
        (Reversed, scores_lie_in_range, "accuracy of gold is 0.0000, worse than 0.9"),
        (Overall, scores_lie_in_range, "accuracy: [B, T] is expected where the axis is position, got weights (16,)"),
        (Generous, rewards_prefer_gold, "a reward stands where the environment supplies the token"),
        (Partial, process_is_total, "probabilities sum to 1 only within 1.0e-02 on gold histories"),
        (Prophet, process_is_causal, "or before it changes with own tokens that come later: most likely an index off"),
        (Smoothed, process_explains_gold, "standard errors apart): it is not the process that made the data"),
        (Lenient, gold_is_correct, "every token of a random history is judged right: the judge does not look"),
        (Strict, gold_is_correct, "gold tokens are judged wrong"),
        (Modest, expert_reaches_ceiling, "declared 0.25: measure the ceiling again, or mend the expert"),
        (Modest, uniform_is_at_floor, "declared 0.0100: the floor is too low"),
        (Slow, is_fast, "milliseconds of one core for 64 x 128 tokens, more than 20: {'process': 5"),
    ],
)
def test_what_is_wrong_with_a_task_is_named(task: type[Task], check: Check[Task], message: str):
    outcome, detail = apply(task(), check)
    assert outcome == "failed"
    assert message in detail


def test_an_exception_of_the_plugin_is_a_failure_of_the_check():
    class Raising(DyckLanguage):
        def limit(self, batch):
            raise IndexError("there is no row 9")

    assert apply(Raising(), limit_leaves_room) == ("failed", "IndexError: there is no row 9")


def test_a_failure_says_what_and_why():
    def never(task: Task) -> str:
        """It holds."""
        raise Failed("it does not")

    assert apply(DyckLanguage(), never) == ("failed", "it does not")
    assert statement(never) == "It holds"


def test_the_command_lists_every_check_and_fails_if_one_does(capsys, monkeypatch):
    assert execute(["check", "two_symbols", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [line["check"] for line in found] == [statement(check) for check in CHECKS]
    assert {line["outcome"] for line in found} == {"passed", "not applicable"}
    monkeypatch.setattr("tasks.two_symbols.TwoSymbols.floor", 0.9)
    assert execute(["check", "two_symbols"]) == 1
    printed = capsys.readouterr().out
    assert "declared 0.9000: the floor is too low" in printed
    assert "15 passed, 1 failed" in printed


def test_the_command_checks_own_data(tmp_path, capsys):
    lines = [json.dumps({"prompt": f"{number:b}", "target": f"{number:b}"[::-1]}) for number in range(2, 1500)]
    (tmp_path / "bits.jsonl").write_text("\n".join(lines))
    (tmp_path / "bits.toml").write_text('data = "bits.jsonl"\n')
    assert execute(["check", "bits", "--plugin", str(tmp_path / "bits.toml")]) == 0, capsys.readouterr().out
