"""Dialogues: whose turn it is, and what a turn is worth."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contracts import Batch, ScriptedUser, turns, whole_turns

END, CAP = 9, 3


def dialogues() -> Batch:
    """1 2 | 5 9 | 3 | 9 and 1 | 6 7 9 | 3 4 | 5 9: user | reply | user | reply."""
    return Batch(
        torch.tensor([[1, 2, 5, 9, 3, 9, 0, 0], [1, 6, 7, 9, 3, 4, 5, 9]]),
        torch.tensor([[1, 1, 0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 1, 0, 0]]).bool(),
        torch.tensor([[1] * 6 + [0] * 2, [1] * 8]).bool(),
    )


def talk(batch: Batch, says: list[list[int]]) -> list[str]:
    """Columns of each row: "u3" where the user says 3, "m5" where the model says 5, up to the end of the row."""
    state, token, rows = ScriptedUser.of(batch, END, CAP), None, [[] for _ in says]
    replies, over = [iter(row) for row in says], torch.zeros(len(says), dtype=torch.bool)
    while True:
        response = state.respond(token)
        over |= response.done
        if bool(over.all()):
            return [" ".join(row) for row in rows]
        own = torch.tensor([0 if user else next(reply, 0) for user, reply in zip(response.given, replies, strict=True)])
        token = torch.where(response.given, response.supplied, own)
        for row in (~over).nonzero().flatten().tolist():
            rows[row].append(f"{'u' if response.given[row] else 'm'}{int(token[row])}")
        state = response.state


def test_a_model_that_says_gold_is_answered_as_gold_is():
    assert talk(dialogues(), [[5, 9, 9], [6, 7, 9, 5, 9]]) == ["u1 u2 m5 m9 u3 m9", "u1 m6 m7 m9 u3 u4 m5 m9"]


def test_the_user_goes_on_when_a_reply_ends_or_is_cut_and_never_before():
    """A longer reply is cut after three tokens, a shorter one is answered at once, whatever the other row does."""
    assert talk(dialogues(), [[5, 5, 5, 9], [9, 5, 5, 9]]) == ["u1 u2 m5 m5 m5 u3 m9", "u1 m9 u3 u4 m5 m5 m9"]


def test_an_end_that_the_user_says_ends_no_reply():
    batch = Batch(torch.tensor([[9, 9, 5, 9]]), torch.tensor([[1, 1, 0, 0]]).bool(), torch.ones(1, 4).bool())
    assert talk(batch, [[7, 9]]) == ["u9 u9 m7 m9"]


def test_a_prefix_that_is_given_is_supplied_and_the_reply_that_it_broke_off_goes_on():
    batch = dialogues()
    given = batch.given | (torch.arange(8) < torch.tensor([[5], [3]])) & batch.valid
    started = Batch(batch.tokens, given, batch.valid)
    assert talk(started, [[9], [9, 9]]) == ["u1 u2 u5 u9 u3 m9", "u1 u6 u7 m9 u3 u4 m9"]


def test_a_dialogue_may_begin_with_the_model():
    batch = Batch(torch.tensor([[5, 9, 3, 9]]), torch.tensor([[0, 0, 1, 0]]).bool(), torch.ones(1, 4).bool())
    assert talk(batch, [[9, 9]]) == ["m9 u3 m9"]


@given(st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=2, max_size=2))
def test_whatever_is_said_every_turn_comes_and_no_reply_is_longer_than_the_cap(says):
    for row in talk(dialogues(), says):
        users = [token for token in row.split() if token[0] == "u"]
        replies = "".join(token[0] for token in row.split()).split("u")
        assert users == (["u1", "u2", "u3"] if row.startswith("u1 u2") else ["u1", "u3", "u4"])
        lengths = [len(reply) for reply in replies if reply]
        assert len(lengths) == 2
        assert max(lengths) <= CAP


def test_turns_are_numbered_at_their_own_columns():
    assert turns(dialogues().own).tolist() == [[0, 0, 1, 1, 0, 2, 0, 0], [0, 1, 1, 1, 0, 0, 2, 2]]


def test_a_turn_counts_once_and_only_if_all_of_it_is_right():
    own = dialogues().own
    right = torch.tensor([[0, 0, 1, 0, 0, 1, 0, 0], [0, 1, 1, 1, 0, 0, 0, 1]]).bool()
    score = whole_turns(right, own)
    assert score.weight.tolist() == [[0, 0, 0, 1, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0, 0, 1]]
    assert score.value[score.weight > 0].tolist() == [0, 1, 1, 0]
