"""Dialogues: the user's turns are given, and a reply is as long as the model makes it.

Replies differ in length from gold's, so the columns of a free run do not line up with gold's: measures count turns, and
what a task says about a history is read off the history.

Axes: B batch, T time (columns), S tokens of a script.
"""

from abc import ABC
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Response, Score, Task


class ScriptedUser(NamedTuple):
    """A user whose turns are fixed: each follows when the reply before it has ended, whatever that was.

    Attributes:
        tokens: [B, S] int64, all that is given, in order.
        asks: [B, S] bool, whether a reply follows the token.
        length: [B] int64, tokens of each row.
        end: symbol that ends a reply.
        cap: own tokens after which a reply is cut.
        read: [B] int64, tokens of the script that were supplied.
        replying: [B] bool, whether the model has the word after the last column.
        said: [B] int64, own tokens of the running reply, the last column not counted; -1 before the first.
    """

    tokens: Tensor
    asks: Tensor
    length: Tensor
    end: int
    cap: int
    read: Tensor
    replying: Tensor
    said: Tensor

    @classmethod
    def of(cls, batch: Batch, end: int, cap: int) -> Self:
        """Take what is given in a batch for the script."""
        given = batch.given & batch.valid  # [B, T]
        asks = given & torch.nn.functional.pad(batch.own[:, 1:], (0, 1))
        length = given.sum(1)
        order = torch.sort((~given).int(), dim=1, stable=True).indices[:, : max(int(length.max()), 1)]  # [B, S]
        before = torch.full_like(length, -1)
        return cls(
            *(part.gather(1, order) for part in (batch.tokens, asks)),
            length=length,
            end=end,
            cap=cap,
            read=torch.zeros_like(length),
            replying=batch.own[:, 0],
            said=before,
        )

    def respond(self, token: Tensor | None) -> Response:
        """Supply the next token of the script where no reply is running."""
        said = torch.where(self.replying, self.said + 1, 0)  # [B]
        cut = said >= self.cap
        ended = cut if token is None else cut | ((said > 0) & (token == self.end))
        replying = self.replying & ~ended
        done = ~replying & (self.read >= self.length)
        given = ~replying & ~done
        next_one = self.read.clamp_max(self.tokens.shape[1] - 1)[:, None]  # [B, 1]
        supplied, asks = (part.gather(1, next_one).squeeze(1) for part in (self.tokens, self.asks))
        following = self._replace(
            read=self.read + given, replying=replying | (given & asks), said=torch.where(replying, said, -1)
        )
        return Response(supplied, given, done, following)


def turns(own: Tensor) -> Tensor:
    """Number the replies of each row from 1, at their columns: [B, T] bool -> [B, T] int64, 0 elsewhere."""
    begins = own & ~torch.nn.functional.pad(own, (1, 0))[:, :-1]
    return begins.cumsum(1) * own


def whole_turns(right: Tensor, own: Tensor) -> Score:
    """1 for a reply of which every own token is right, else 0; it counts once, at its last column. [B, T]."""
    turn = turns(own)
    wrong = torch.zeros(len(own), int(turn.max()) + 1, dtype=torch.int64, device=own.device)
    wrong.scatter_add_(1, turn, (own & ~right).long())  # [B, turns + 1]
    ends = own & ~torch.nn.functional.pad(own, (0, 1))[:, 1:]
    return Score((wrong.gather(1, turn) == 0).double(), ends.double())


class DialogueTask(Task, ABC):
    """A task of several turns on the axis "turn". Every reply of gold ends with `reply_end`.

    Attributes:
        reply_end: symbol that ends a reply; not the space's end symbol: the user's last word ends a dialogue.
        reply_cap: own tokens after which a reply is cut and the user goes on; no shorter than gold's longest reply.
    """

    reply_end: ClassVar[int]
    reply_cap: ClassVar[int]

    def positions(self, output: Output) -> Tensor:
        """Number the columns of each reply by its turn, [B, T]."""
        return turns(output.own)

    def limit(self, batch: Batch) -> Tensor:
        """As many own tokens as the caps of all replies allow, [B]: every dialogue comes to its last turn."""
        return turns(batch.own).amax(1) * self.reply_cap

    def begin(self, batch: Batch) -> Any:
        """The user before the first turn."""
        return ScriptedUser.of(batch, self.reply_end, self.reply_cap)

    def respond(self, state: Any, token: Tensor | None) -> Response:
        """Let the user go on where a reply has ended."""
        return state.respond(token)
