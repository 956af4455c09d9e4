"""Dialogue state: the simulator against one in plain Python, what oracles do with own errors, and the controls."""

import pytest
import torch

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import Batch, Output, stream
from benchmark.learning.free_running import Draw, roll_out
from benchmark.measuring.prefixes import columns_up_to, give, gold_positions
from tasks.dialogue_state import _ITEMS, _PLACES, DialogueState, carry_out, read, write

TASK = DialogueState()
SYMBOLS: tuple[str, ...] = TASK.space.symbols  # type: ignore
EMITS = torch.tensor(TASK.space.emits)  # type: ignore
NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS)}


def history(text: str) -> torch.Tensor:
    return torch.tensor([[NUMBER[word] for word in text.split()]])


def said_next(oracle, text: str) -> str:
    """The one token that an oracle says after a text."""
    fed = torch.cat([history(text), history(".")], 1)
    log_p = oracle(None, fed)[0, -1]
    assert (log_p == 0).sum() == 1
    return SYMBOLS[int(log_p.argmax())]


def reply(oracle, text: str) -> str:
    """What an oracle says after a text, to the end of the reply."""
    words: list[str] = []
    while words[-1:] != ["."] and len(words) < 20:
        words.append(said_next(oracle, " ".join([text, *words])))
    return " ".join(words)


def simulate(words: list[str]) -> list[list[str]]:
    """The right replies to the turns of a dialogue, in plain Python."""
    opening = words[: words.index(".")]
    state = dict(zip(opening[::2], opening[1::2], strict=True))
    replies = []
    for position, word in enumerate(words):
        if word not in ("put", "move", "remove", "list"):
            continue
        who, place = [*words[position + 1 :], "", ""][:2]
        if who in ("first", "last"):
            who = sorted(state)[0 if who == "first" else -1]
        if word in ("put", "move"):
            state[who] = place
        elif word == "remove":
            del state[who]
        replies.append([part for item in sorted(state) for part in (item, state[item])] + ["."])
    return replies


@pytest.fixture(scope="module")
def batch() -> Batch:
    return TASK.sample("test", 64, (12, 12), stream("dialogues"))


def test_gold_is_what_a_plain_simulator_says(batch):
    for tokens, valid, own in zip(batch.tokens, batch.valid, batch.own, strict=True):
        words = [SYMBOLS[token] for token in tokens[valid].tolist()]
        said = [SYMBOLS[token] for token in tokens[own].tolist()]
        assert said == [word for turn in simulate(words) for word in turn]


def test_both_oracles_say_gold_on_gold_histories(batch):
    for oracle in (TASK.process, TASK.expert):
        assert torch.equal(oracle(batch, batch.tokens).argmax(-1)[batch.own], batch.tokens[batch.own])


def test_what_was_said_wrongly_stays_with_the_process_and_not_with_the_expert():
    """The assistant loses b, says that c is at 5, and invents d."""
    before = "a 1 b 2 c 3 . put e 4 a 1 c 5 d 5 e 4 ."
    assert reply(TASK.process, f"{before} list") == "a 1 c 5 d 5 e 4 ."
    assert reply(TASK.expert, f"{before} list") == "a 1 b 2 c 3 e 4 ."
    assert reply(TASK.process, f"{before} move c 2") == "a 1 c 2 d 5 e 4 ."
    assert reply(TASK.process, f"{before} put b 2") == "a 1 b 2 c 5 d 5 e 4 ."


def test_the_first_and_the_last_are_those_of_the_own_list_for_the_process_and_of_the_true_one_for_the_expert():
    before = "a 1 b 2 . put c 3 b 2 ."
    assert reply(TASK.process, f"{before} remove first") == "."
    assert reply(TASK.expert, f"{before} remove first") == "b 2 c 3 ."
    assert reply(TASK.process, f"{before} move last 5") == "b 5 ."
    assert reply(TASK.expert, f"{before} move last 5") == "a 1 b 2 c 5 ."


def test_a_list_is_read_where_a_place_stands_after_an_item_and_the_last_one_counts():
    before = "a 1 . list b b 2 3 4 a c 1 . b 5"
    assert reply(TASK.process, f"{before} list") == "b 5 c 1 ."
    assert reply(TASK.process, f"{before} remove last") == "b 5 ."
    assert reply(TASK.process, "a 1 . list list") == "."
    assert reply(TASK.process, "a 1 . list . move first 3") == "."


@pytest.mark.parametrize(
    ("said", "following"),
    [
        ("", "a"),
        ("a", "1"),
        ("a 2", "c"),  # a wrong place is over and done with
        ("b", "c"),  # what is not there gets no place
        ("b 3", "c"),
        ("c", "3"),
        ("c 3", "e"),  # what was left out is left out
        ("c 3 a", "1"),
        ("c 3 a 1", "c"),
        ("4 4", "a"),
        ("a 1 c 3 e", "5"),
        ("a 1 c 3 e 5", "."),
        ("g", "."),
        ("a 1 .", "."),
        ("a .", "."),
    ],
)
def test_a_reply_goes_on_from_the_last_item_that_was_named(said, following):
    for oracle in (TASK.process, TASK.expert):
        assert said_next(oracle, f"a 1 c 3 . put e 5 {said}") == following


def test_a_reply_that_was_cut_after_an_item_leaves_nothing_behind():
    full = "a 1 b 1 c 1 d 1 e 1 f 1 g 1 . list a 1 b 1 c 1 d 1 e 1 f 1 1 1 g"
    assert said_next(TASK.expert, f"{full} list") == "a"


def test_no_oracle_looks_ahead_at_any_symbol(batch):
    """Later columns may hold anything, requests among it."""
    anything = torch.randint(TASK.space.size, batch.tokens.shape, generator=stream("anything"))
    for oracle in (TASK.process, TASK.expert):
        for column in range(0, batch.tokens.shape[1], 17):
            own = batch.own[:, column]
            changed = torch.cat([batch.tokens[:, :column], anything[:, column:]], 1)
            assert torch.equal(oracle(batch, batch.tokens)[own, column], oracle(batch, changed)[own, column])


def test_oracles_are_defined_on_any_symbols_in_any_order():
    anything = torch.randint(TASK.space.size, (64, 80), generator=stream("anything"))
    for oracle in (TASK.process, TASK.expert):
        assert (oracle(None, anything).exp().sum(-1) == 1).all()  # type: ignore[arg-type]


def test_lists_are_written_and_read_back():
    state = torch.randint(_PLACES + 1, (32, _ITEMS), generator=stream("lists"))
    tokens, said = write(state)
    for row, kept, places in zip(tokens, said, state, strict=True):
        assert torch.equal(read(row[kept][None]).lists[0, 0], places)


def test_a_request_about_the_first_of_nothing_changes_nothing():
    empty = torch.zeros(1, _ITEMS, dtype=torch.int64)
    for request in ("remove first 1", "move last 3"):
        assert torch.equal(carry_out(history(request), empty), empty)


def test_lists_are_distributed_alike_at_all_turns():
    batch = TASK.sample("test", 2000, (20, 20), stream("stationary"))
    lists = read(batch.tokens).lists  # [B, N + 1, I]
    for turn in (0, 1, 5, 20):
        shares = torch.stack([(lists[:, turn] == place).double().mean(0) for place in range(_PLACES + 1)])  # [P + 1, I]
        assert shares[0].tolist() == pytest.approx([0.4 / 1.4] * _ITEMS, abs=0.04)
        assert shares[1:].mean(1).tolist() == pytest.approx([1 / 1.4 / _PLACES] * _PLACES, abs=0.015)


def test_requests_are_of_the_declared_kinds():
    batch = TASK.sample("test", 500, (20, 20), stream("kinds"))
    verbs = read(batch.tokens).requests[..., 0].flatten()
    share = {verb: float((verbs == NUMBER[verb]).double().mean()) for verb in ("put", "move", "remove", "list")}
    there = 0.85 / 1.4
    assert share == pytest.approx(
        {"put": 0.85 - there, "move": 0.6 * there, "remove": 0.4 * there, "list": 0.15}, abs=0.015
    )
    assert 0.1 < float((read(batch.tokens).requests[..., 1] >= NUMBER["first"]).double().mean()) < 0.25


def test_outputs_go_beyond_a_hundred_tokens_and_no_right_reply_is_cut():
    batch = TASK.sample("test", 256, (40, 40), stream("long"))
    assert batch.lengths.min() > 200
    replies = TASK.positions(Output(batch.tokens, batch.own, batch.tokens, batch.own[:, 0]))
    longest = max(int((replies == turn).sum(1).max()) for turn in range(1, 41))
    assert longest <= TASK.reply_cap


def says_four_for_five(batch: Batch, fed: torch.Tensor) -> torch.Tensor:
    """The process, which has no word for place 5."""
    log_p = TASK.process(batch, fed)
    log_p[..., NUMBER["4"]] = torch.maximum(log_p[..., NUMBER["4"]], log_p[..., NUMBER["5"]])
    log_p[..., NUMBER["5"]] = -torch.inf
    return log_p


def test_on_gold_prefixes_a_turn_is_right_if_it_is_run_freely_after_gold_turns():
    batch = TASK.sample("test", 64, (3, 3), stream("turns"))
    chosen = torch.where(batch.own, says_four_for_five(batch, batch.tokens).argmax(-1), batch.tokens)
    on_gold = TASK.score(batch, Output(chosen, batch.own, batch.tokens, batch.own[:, 0]))
    third = give(batch, columns_up_to(gold_positions(TASK, batch), 2))
    output = roll_out(OraclePolicy(TASK, says_four_for_five, third), TASK, third, Draw("greedy", stream("draw")))
    free = TASK.score(third, output)
    last = gold_positions(TASK, batch) * on_gold.weight == 3
    assert torch.equal(on_gold.value[last], free.value[free.weight > 0])
    assert 0.2 < float(free.value[free.weight > 0].mean()) < 0.8


def test_reward_ends_with_the_first_error_of_a_reply_and_begins_anew_with_the_next():
    text = "a 1 b 2 . list a 1 c 3 b 2 . list a 1 b 2 . list b 2 a 1 . ."
    tokens = history(text)
    own = torch.tensor([[False] * 6 + [True] * 7 + [False] + [True] * 5 + [False] + [True] * 6])
    found = TASK.reward(None, Output(tokens, own, tokens, own[:, 0]))  # type: ignore[arg-type]
    assert found[own].tolist() == [1, 1, 0, 0, 0, 0, 0] + [1] * 5 + [0] * 6
    assert found[~own].sum() == 0


def slipping(oracle, share: float):
    """An oracle of which a share of the tokens is drawn at random."""

    def says(batch: Batch, fed: torch.Tensor) -> torch.Tensor:
        probability = oracle(batch, fed).exp() * (1 - share)
        probability[..., EMITS] += share / len(EMITS)
        return probability.log()

    return says


def process_with_slips(rows: int) -> torch.Tensor:
    """Whether each reply of the process with one token in 200 drawn at random is right, [B, 40].

    Turn by turn, because a process reads no further back than its last list: each turn is a dialogue of its own.
    """
    truth = own = read(TASK.sample("test", rows, (1, 1), stream("slips")).tokens).lists[:, 0]
    right = []
    for turn in range(40):
        request, spoken = TASK._request(truth, stream("slips", "request", turn))
        truth = carry_out(request, truth)
        batch = one_turn(own, request, spoken)
        policy = OraclePolicy(TASK, slipping(TASK.process, 1 / 200), batch)
        output = roll_out(policy, TASK, batch, Draw("sample", stream("slips", "draw", turn)))
        own = read(output.tokens).lists[:, 1]
        gold = (row[kept].tolist() for row, kept in zip(*write(truth), strict=True))
        said = (row[there].tolist() for row, there in zip(output.tokens, output.own, strict=True))
        right.append([one == other for one, other in zip(said, gold, strict=True)])
    return torch.tensor(right).T.double()


def one_turn(opening: torch.Tensor, request: torch.Tensor, spoken: torch.Tensor) -> Batch:
    """A dialogue of one turn; its gold reply does not matter."""
    parts = [write(opening), (request, spoken), write(opening)]
    tokens, valid = (torch.cat(part, 1) for part in zip(*parts, strict=True))
    given = torch.arange(tokens.shape[1]) < tokens.shape[1] - 2 * _ITEMS - 1
    order = torch.sort((~valid).int(), dim=1, stable=True).indices
    return Batch(tokens.gather(1, order), (valid & given).gather(1, order), valid.gather(1, order))


def test_the_control_of_the_expert_is_the_probability_of_a_reply_without_a_slip():
    """A list of k of the 7 items has 2 k + 1 tokens, each item being there with probability 5/7."""
    token = 1 - (1 - 1 / len(EMITS)) / 200
    exact = token * (2 / 7 + 5 / 7 * token**2) ** 7
    assert TASK.controls["expert, one token in 200 drawn at random"] == pytest.approx(exact, abs=0.0005)


def test_the_control_of_the_process_is_what_it_reaches():
    right = process_with_slips(rows=128)
    declared = TASK.controls["process, one token in 200 drawn at random"]
    assert float(right.mean()) == pytest.approx(declared, abs=0.06)  # three standard errors
    assert float(right[:, :2].mean()) == pytest.approx(0.95, abs=0.03)
    assert float(right[:, 30:].mean()) < 0.75
