"""Dialogue state: a user puts, moves and removes items, and the assistant answers each time with the list of them all.

The chat analogue of tracking: a reply follows from the request and the last list, so training on gold dialogues teaches
to change the assistant's own last list, and what went wrong in it stays; a simulator that reads the user alone is never
led astray. Accuracy by turn, and of updates of the own last state (Sinha et al. 2025, arXiv 2509.09677), whose models
err more after own errors ("self-conditioning"). In dialogue systems the metric is called joint goal accuracy.

The first turn opens with a list, drawn so that lists at all turns are distributed alike: nothing but the assistant's
own errors can make later turns harder.

Axes: B batch, T time (columns), N turns, I items, P places, V symbols. A list is [..., I] int64: the place of each
item, counted from 1, or 0 where the item is not there.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from benchmark.contracts import (
    Batch,
    Coordinates,
    Curve,
    DialogueTask,
    Discrete,
    Metric,
    Output,
    Score,
    Split,
    turns,
    whole_turns,
)

_ITEMS, _PLACES = 7, 5
_ASK = 0.15  # share of the requests that change nothing
_LEAVE = 0.4  # probability that a request about an item that is there removes it
_NAMED = 0.5  # probability that the first or the last of the list is called by its name
_SYMBOLS = tuple("abcdefg") + tuple("12345") + (".", "put", "move", "remove", "list", "first", "last")
_PLACE = _ITEMS - 1  # symbol of place p is _PLACE + p
_END, _PUT, _MOVE, _REMOVE, _LIST, _FIRST, _LAST = range(_ITEMS + _PLACES, len(_SYMBOLS))
_LENGTH = torch.tensor([0] * _PUT + [3, 3, 2, 1, 0, 0])  # tokens of the request that a symbol begins


class Dialogue(NamedTuple):
    """What can be read off a history, whoever wrote it.

    Attributes:
        turn: [B, T] number of the turn, 0 in the opening list.
        reply: [B, T] bool, columns that the user's requests do not take.
        requests: [B, N, 3]: what the user says in each turn.
        lists: [B, N + 1, I]: the opening list and that of each reply, as far as they can be read: wherever a place
            stands after an item; the last one counts.
    """

    turn: Tensor
    reply: Tensor
    requests: Tensor
    lists: Tensor


def read(history: Tensor) -> Dialogue:
    """Read a history [B, T]."""
    rows, columns = history.shape
    length = _LENGTH[history]  # [B, T]
    turn = (length > 0).cumsum(1)
    last = int(turn.max())
    after = torch.nn.functional.pad(length, (2, 0))  # column t holds column t - 2
    reply = (length == 0) & (after[:, 1:-1] < 2) & (after[:, :-2] < 3)
    column = torch.arange(columns).expand(rows, -1)
    begins = torch.zeros(rows, last + 2, dtype=torch.int64)  # column of each request; the last one for all else
    begins.scatter_(1, torch.where(length > 0, turn, last + 1), column)
    padded = torch.nn.functional.pad(history, (0, 2), value=_END)
    requests = torch.stack([padded.gather(1, begins[:, 1:-1] + place) for place in range(3)], 2)  # [B, N, 3]
    item, place = history[:, :-1], history[:, 1:] - _PLACE  # [B, T - 1]
    pair = (item < _ITEMS) & (place > 0) & (place <= _PLACES) & reply[:, :-1] & reply[:, 1:]
    slot, key = turn[:, :-1] * _ITEMS + item, column[:, :-1] * (_PLACES + 1) + place
    lists = torch.zeros(rows, (last + 1) * _ITEMS, dtype=torch.int64)
    lists.scatter_reduce_(1, slot * pair, key * pair, "amax")
    return Dialogue(turn, reply, requests, lists.view(rows, last + 1, _ITEMS) % (_PLACES + 1))


def carry_out(request: Tensor, state: Tensor) -> Tensor:
    """Apply requests [..., 3] to lists [..., I]. One about the first or last of nothing changes nothing."""
    verb, who, where = request.unbind(-1)  # [...]
    there = state > 0
    first, last = there.int().argmax(-1), _ITEMS - 1 - there.flip(-1).int().argmax(-1)
    item = torch.where(who == _FIRST, first, torch.where(who == _LAST, last, who))
    void = (verb == _LIST) | ((who >= _FIRST) & ~there.any(-1))
    place = torch.where(verb == _REMOVE, 0, where - _PLACE)
    touched = (torch.arange(_ITEMS) == item[..., None]) & ~void[..., None]  # [..., I]
    return torch.where(touched, place[..., None], state)


def write(state: Tensor) -> tuple[Tensor, Tensor]:
    """Write lists [B, I] as replies: tokens [B, 2 I + 1], and which of them are said, [B, 2 I + 1] bool."""
    tokens = torch.stack([torch.arange(_ITEMS).expand_as(state), state + _PLACE], 2).flatten(1)
    said = (state > 0).repeat_interleave(2, 1)
    return torch.nn.functional.pad(tokens, (0, 1), value=_END), torch.nn.functional.pad(said, (0, 1), value=True)


class DialogueState(DialogueTask):
    """Answer requests with the list of all items and their places."""

    name = "dialogue_state"
    space = Discrete(len(_SYMBOLS), emits=tuple(range(_PUT)), symbols=_SYMBOLS)
    reply_end = _END
    reply_cap = 2 * _ITEMS + 1  # the longest list
    metric = Metric("turn accuracy", "share of turns", "higher", 0.0, 1.0)
    further_metrics = (
        Metric("update accuracy", "share of turns, against the own last list", "higher", 0.0, 1.0),
        Metric("token accuracy", "share of own tokens", "higher", 0.0, 1.0),
    )
    curve = Curve(
        "turn", "turns", ((1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, 40)), trained=(2, 8), tokens=512
    )
    coordinates = Coordinates(
        failure="delusion",
        target="deterministic",
        recoverable="fully",
        aligned=True,
        source="synthetic",
        given="turns",
    )
    decoding = "greedy"
    floor = 0.0
    ceiling = 1.0
    controls = {  # what single slips come to, sampled, 40 turns
        "expert, one token in 200 drawn at random": 0.950,
        "process, one token in 200 drawn at random": 0.769,
    }
    citation = """@article{sinha2025illusion,
  title = {The Illusion of Diminishing Returns: Measuring Long Horizon Execution in {LLMs}},
  author = {Sinha, Akshit and Arun, Arvindh and Goel, Shashwat and Staab, Steffen and Geiping, Jonas},
  journal = {arXiv preprint arXiv:2509.09677}, year = {2025}
}"""

    def sample(self, split: Split, size: int, length: tuple[int, int], stream: torch.Generator) -> Batch:
        """Draw dialogues of as many turns as `length` says, the same in every row; splits have streams of their own.

        Each item comes and goes by itself, so lists are distributed alike at all turns: an item is there with
        probability 1 / (1 + `_LEAVE`), in any place.
        """
        count = int(torch.randint(length[0], length[1] + 1, (), generator=stream))
        there = torch.rand(size, _ITEMS, generator=stream) < 1 / (1 + _LEAVE)
        state = torch.randint(1, _PLACES + 1, (size, _ITEMS), generator=stream) * there  # [B, I]
        tokens, said = write(state)
        parts = [(tokens, said, said)]  # tokens, which of them are said, and which of these are given
        for _ in range(count):
            request, spoken = self._request(state, stream)  # [B, 3]
            state = carry_out(request, state)
            reply, said = write(state)
            parts += [(request, spoken, spoken), (reply, said, torch.zeros_like(said))]
        tokens, valid, given = (torch.cat(part, 1) for part in zip(*parts, strict=True))  # [B, T] with gaps
        order = torch.sort((~valid).int(), dim=1, stable=True).indices[:, : int(valid.sum(1).max())]
        tokens, valid, given = (part.gather(1, order) for part in (tokens, valid, given))
        return Batch(tokens.masked_fill(~valid, _END), given, valid)

    @staticmethod
    def _request(state: Tensor, stream: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw requests that suit lists [B, I]: their tokens [B, 3], and which of them are said, [B, 3] bool."""
        rows = len(state)
        item = torch.randint(_ITEMS, (rows,), generator=stream)
        now = state.gather(1, item[:, None]).squeeze(1)  # [B], its place
        shift = torch.randint(1, _PLACES, (rows,), generator=stream)
        anywhere = torch.randint(_PLACES, (rows,), generator=stream)
        place = torch.where(now > 0, (now - 1 + shift) % _PLACES, anywhere) + 1  # another one
        asks, leaves, named = torch.rand(3, rows, generator=stream) < torch.tensor([[_ASK], [_LEAVE], [_NAMED]])
        verb = torch.where(now == 0, _PUT, torch.where(leaves, _REMOVE, _MOVE))
        verb = torch.where(asks, _LIST, verb)
        before = ((state > 0).cumsum(1) - 1).gather(1, item[:, None]).squeeze(1)  # items that stand before it
        is_last, is_first = before + 1 == (state > 0).sum(1), before == 0
        pointed = torch.where(is_last, _LAST, torch.where(is_first, _FIRST, item))
        who = torch.where(named | (now == 0), item, pointed)
        request = torch.stack([verb, who, place + _PLACE], 1)
        return request, torch.arange(3) < _LENGTH[verb][:, None]

    def score(self, batch: Batch, output: Output) -> Score:
        """Whether each whole reply is the simulator's; on gold prefixes, each token being chosen after gold ones."""
        return whole_turns(output.tokens == self._simulated(output.history), output.own)

    def further_scores(self, batch: Batch, output: Output) -> tuple[Score, Score]:
        """Whether each whole reply is the request applied to the own last list; share of the simulator's tokens."""
        update = whole_turns(output.tokens == self._updated(output.history), output.own)
        right = output.tokens == self._simulated(output.history)
        return update, Score(right.double(), output.own.double())

    def reward(self, batch: Batch, output: Output) -> Tensor:
        """1 for each token of a reply up to its first error, [B, T]: saying more than the right reply earns nothing."""
        wrong = (output.tokens != self._simulated(output.tokens)) & output.own
        turn, so_far = turns(output.own), wrong.cumsum(1)  # [B, T]
        begins = output.own & ~torch.nn.functional.pad(output.own, (1, 0))[:, :-1]
        before = ((so_far - wrong.long()) * begins).cummax(1).values  # errors in the turns before
        return ((so_far == before) & (turn > 0)).float()

    def process(self, batch: Batch, history: Tensor) -> Tensor:
        """The request applied to the last list of the history, item by item: probability 1 on one token, [B, T, V]."""
        return self._certain(self._updated(history))

    def expert(self, batch: Batch, history: Tensor) -> Tensor:
        """The requests applied to the opening list, item by item: probability 1 on one token, [B, T, V]."""
        return self._certain(self._simulated(history))

    def correct(self, batch: Batch, history: Tensor) -> Tensor:
        """Is it the expert's token? [B, T]."""
        return history == self._simulated(history)

    def _updated(self, history: Tensor) -> Tensor:
        """What the process says at each column, [B, T]."""
        seen = read(history)
        updated = carry_out(seen.requests, seen.lists[:, :-1])  # [B, N, I]
        return self._next(history, seen, torch.cat([seen.lists[:, :1], updated], 1))

    def _simulated(self, history: Tensor) -> Tensor:
        """What the expert says at each column, [B, T]."""
        seen = read(history)
        states = [seen.lists[:, 0]]
        for request in seen.requests.unbind(1):
            states.append(carry_out(request, states[-1]))
        return self._next(history, seen, torch.stack(states, 1))

    @staticmethod
    def _next(history: Tensor, seen: Dialogue, target: Tensor) -> Tensor:
        """Go on with a reply in the direction of a list: target [B, N + 1, I] -> tokens [B, T].

        After an item its place, if it is to be there; else the first item to be there that comes after the last one
        named, whatever was said before; the end after the last, and again after the end.
        """
        before, turn = (
            torch.nn.functional.pad(part, (1, 0), value=value)[:, :-1]  # of the last column: this one is yet to come
            for part, value in ((history.masked_fill(~seen.reply, _LIST), _LIST), (seen.turn, 0))
        )
        goal = target.gather(1, turn[..., None].expand(-1, -1, _ITEMS))  # [B, T, I]
        column = torch.arange(history.shape[1])
        named_at = torch.where(before < _ITEMS, column, 0).cummax(1).values  # [B, T], column after the last item named
        named = torch.where(turn.gather(1, named_at) == turn, before.gather(1, named_at), _LIST)
        named = torch.where(named < _ITEMS, named, -1)
        place = goal.gather(2, named.clamp_min(0)[..., None]).squeeze(-1)  # [B, T]
        to_come = (goal > 0) & (torch.arange(_ITEMS) > named[..., None])
        following = torch.where(to_come.any(-1), to_come.int().argmax(-1), _END)
        following = torch.where(before == _END, _END, following)
        return torch.where((before < _ITEMS) & (place > 0), place + _PLACE, following)

    def _certain(self, tokens: Tensor) -> Tensor:
        """Log-probabilities [B, T, V] with probability 1 on tokens [B, T]."""
        certain = torch.full((*tokens.shape, self.space.size), -torch.inf, dtype=torch.float64)
        return certain.scatter_(-1, tokens[..., None], 0.0)
