"""The instruments on dialogues, whose free runs do not have gold's columns."""

import pytest
import torch
from torch import Tensor

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import Batch, Output, stream, token_log_likelihood
from benchmark.errors import NotApplicable
from benchmark.learning.beam import beam_search
from benchmark.learning.free_running import Draw, roll_out
from benchmark.learning.loop import build_model
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.evaluation import evaluate
from benchmark.measuring.interventions import applicable, intervene
from benchmark.measuring.lags import LAGS
from benchmark.measuring.prefixes import columns_up_to, cut, gold_positions, splice
from benchmark.measuring.replies import ReplyTally
from benchmark.measuring.runs import Runs
from benchmark.measuring.trace import trace
from benchmark.models.recurrent import GRU
from benchmark.settings import Evaluation
from tasks.dialogue_state import DialogueState

TASK = DialogueState()
SYMBOLS: tuple[str, ...] = TASK.space.symbols  # type: ignore
FIVE, END = SYMBOLS.index("5"), TASK.reply_end


class Policy(OraclePolicy):
    """An oracle as a model of any number of rows: those of dialogues read the history alone.

    Args:
        breaks_off: it ends the reply where it should say that one of a, b, c is at place 5.
        window: columns that the oracle looks back; the process needs no more than two turns.
    """

    def __init__(self, oracle, breaks_off: bool = False, window: int = 1000) -> None:
        super().__init__(TASK, oracle, TASK.sample("test", 1, (1, 1), stream("any")))
        self.breaks_off, self.window = breaks_off, window

    def forward(self, tokens: Tensor) -> Tensor:
        log_p = self._oracle(self._batch, tokens).clamp_min(-30.0)
        if self.breaks_off:
            after_early = torch.nn.functional.pad(tokens, (1, 0), value=END)[:, :-1] <= SYMBOLS.index("c")
            stops = after_early & (log_p[..., FIVE] == 0)
            log_p[stops] = -30.0
            log_p[..., END] = torch.where(stops, 0.0, log_p[..., END])
        return log_p + self.never

    def _after(self, said: Tensor) -> Tensor:
        said = said[:, -self.window :]
        return self(torch.cat([said, said.new_full((len(said), 1), END)], 1))[:, -1]


def process(breaks_off: bool = False) -> Policy:
    return Policy(TASK.process, breaks_off, window=48)


def test_after_a_slip_the_process_is_wrong_until_it_is_told_anew():
    assert applicable(TASK)
    found = intervene(process(), TASK, seed=0, rows=32)
    assert found.prefix == 4
    for arm in ("gold_prefix", "own_prefix", "healed"):
        assert found.right[arm] == [1.0] * len(LAGS)
    for arm in ("random_slip", "second_best_slip"):
        at = dict(zip(LAGS, found.right[arm], strict=True))
        assert at[1] < 0.4
        assert at[1] + 0.2 < at[8] < at[32]
        assert at[32] > 0.9


def test_a_slip_does_not_move_the_expert():
    found = intervene(Policy(TASK.expert), TASK, seed=0, rows=4)
    assert all(right == [1.0] * len(LAGS) for right in found.right.values())


def test_own_replies_are_fed_at_their_own_columns_and_the_last_of_them_can_be_healed():
    found = intervene(process(breaks_off=True), TASK, seed=0, rows=32)
    assert found.right["healed"] == found.right["gold_prefix"]
    assert found.right["own_prefix"][0] < found.right["gold_prefix"][0]


def test_an_own_prefix_is_what_a_free_run_says_and_goes_on_with_the_users_next_turn():
    batch = TASK.sample("test", 16, (6, 6), stream("splice"))
    position, model = gold_positions(TASK, batch), process(breaks_off=True)
    draw = Draw("greedy", stream("draw"))
    whole = roll_out(model, TASK, batch, draw)
    head = roll_out(model, TASK, cut(batch, columns_up_to(position, 2)), draw)
    spliced = splice(head, columns_up_to(TASK.positions(head), 2), batch, ~columns_up_to(position, 2))
    kept = columns_up_to(TASK.positions(whole), 2)
    for row in range(16):
        said, gold = whole.tokens[row][kept[row]], batch.tokens[row][batch.valid[row]]
        rest = gold[int(columns_up_to(position, 2)[row].sum()) :]
        assert torch.equal(spliced.tokens[row][spliced.valid[row]], torch.cat([said, rest]))
        assert int(gold_positions(TASK, spliced)[row].max()) == 6


def replies_after(model: Policy) -> tuple[list[float | None], list[float | None]]:
    """Nats of gold's replies by turn, after gold and after own turns."""
    tally, result = ReplyTally(model, TASK), Evaluated()
    batch = TASK.sample("test", 24, (40, 40), stream("replies"))
    free = roll_out(model, TASK, batch, Draw("greedy", stream("draw")))
    log_q = token_log_likelihood(model(batch.tokens), batch.tokens, batch.own)
    tally.add(Runs(None, batch, free, log_q, {"greedy": free}, free))
    tally.put_into(result)
    gold, own = (result.curves[f"reply_nll_after_{source}_turns"] for source in ("gold", "own"))
    assert [point.high for point in own] == [high for _, high in TASK.curve.buckets]
    return [point.value for point in gold], [point.value for point in own]


def test_own_turns_cost_nothing_at_first_and_then_what_was_lost_in_them():
    gold, own = replies_after(process(breaks_off=True))
    assert own[0] == gold[0]
    assert all(
        one is not None and other is not None and one > other for one, other in zip(own[2:], gold[2:], strict=True)
    )


def test_a_model_that_reads_the_user_alone_says_gold_after_any_own_turns():
    class Deaf(Policy):
        """Says nothing but ends in a free run; judged in parallel it is the expert."""

        def _after(self, said: Tensor) -> Tensor:
            ends = torch.full((len(said), TASK.space.outputs), -30.0)
            ends[:, END] = 0.0
            return ends

    gold, own = replies_after(Deaf(TASK.expert))
    assert gold == pytest.approx(own, abs=1e-9)
    assert max(value or 0 for value in own) < 1e-6


def test_beams_that_would_hear_different_users_are_refused_and_absent_with_the_reason():
    model, batch = build_model(GRU, TASK, {"width": 8}, 0), TASK.sample("test", 2, (2, 2), stream("x"))
    with pytest.raises(NotApplicable, match="beams say different things"):
        beam_search(model, TASK, batch, 4)


def test_a_dialogue_is_traced_turn_by_turn():
    """A reply that breaks off leaves steps empty, and the next turn begins where gold's does."""
    model = process(breaks_off=True)
    found = trace(model, TASK, seed=0, example=1, length=(8, 8))
    assert "" in found.own
    assert len({len(part) for part in (found.gold, found.own, found.wrong, found.on_own, found.on_gold)}) == 1
    ends = [step for step, symbol in enumerate(found.gold) if symbol == "."]
    assert len(ends) == 8
    for turn, (begin, beyond) in enumerate(zip([0] + [end + 1 for end in ends], ends, strict=False)):
        said = [symbol for symbol in found.own[begin : beyond + 1] if symbol]
        assert said[-1] == ".", turn
        assert "." not in said[:-1]
    for gold, own, p in zip(found.gold, found.own, found.on_own, strict=True):
        assert (p is None) == (not own or not gold)
        if p is not None and p > 0.5:
            assert gold == own
    assert found.first_error == found.wrong.index(True) + 1


@pytest.fixture(scope="module")
def evaluated():
    return evaluate(build_model(GRU, TASK, {"width": 8}, 0), TASK, Evaluation(sequences=8), 0)


def test_every_instrument_runs_on_dialogues_or_says_why_not(evaluated):
    for name in ("free_running", "free_running_sample", "gold_prefix", "gap", "update_accuracy", "token_accuracy"):
        assert [(point.low, point.high) for point in evaluated.curves[name]] == list(TASK.curve.buckets)
    absent = {name: measure.reason for name, measure in evaluated.measures.items() if measure.value is None}
    assert "beams say different things" in absent["quality_at_beam_4"]
    assert absent["never_stopped"] == "the task has no end symbol"
    assert "length_ratio" not in absent
    assert evaluated.curves["quality_by_lag"][-1].value is not None
    assert evaluated.measures["effect_of_random_slip"].value is not None


def test_the_gap_is_what_own_earlier_turns_cost():
    """The whole fall of a policy that is right after right turns, by turn: it is nothing at the first one."""
    model = process(breaks_off=True)
    batch = TASK.sample("test", 64, (5, 5), stream("gap"))
    free = roll_out(model, TASK, batch, Draw("greedy", stream("x")))
    chosen = torch.where(batch.own, model(batch.tokens).argmax(-1), batch.tokens)
    gold = Output(chosen, batch.own, batch.tokens, batch.own[:, 0])
    own, given = (by_turn(TASK, batch, output) for output in (free, gold))
    assert own[0] == given[0]
    assert own[4] < given[4]


def by_turn(task: DialogueState, batch: Batch, output: Output) -> list[float]:
    score, turn = task.score(batch, output), task.positions(output)
    return [float((score.value * score.weight)[turn == n].sum() / score.weight[turn == n].sum()) for n in range(1, 6)]
