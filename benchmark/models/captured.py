"""A step as one CUDA graph: the host launches it at once, and not kernel by kernel.

Axes: B batch, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmark.contracts.model import SequenceModel, State, Stepper
from benchmark.models.static_transformer import StaticState

_WARM_UPS = 3  # before a capture, as torch's documentation of CUDA graphs asks for

Step = Callable[[], tuple[Tensor, Any]]
Record = Callable[[Step], tuple[Callable[[], object], Tensor, Any]]


def captured(model: SequenceModel) -> Stepper:
    """The model's stepper for one run; where the model is on a CUDA device, as graphs."""
    stepper = model.stepper()
    return Captured(model, stepper) if model.device.type == "cuda" else stepper


class Captured:
    """A stepper of static shapes, captured at its first step and again where its buffers have grown.

    Args:
        model: counts the evaluations.
        stepper: its step returns a state of its own and changes nothing but the buffers of the column being read, so
            that a step may be repeated. The states are `StaticState` or tuples of tensors.
        record: turns a step into what repeats it, and the tensors that hold its results after each repetition.
    """

    def __init__(self, model: SequenceModel, stepper: Stepper, record: Record | None = None) -> None:
        self.model, self.stepper, self.record = model, stepper, record or _as_graph
        self.state: Any = None
        self.token: Tensor

    def prefill(self, prompt: Tensor) -> tuple[Tensor, State]:
        """Read a prompt [B, P] at once: logits [B, V] of the next token, and the state."""
        return self.stepper.prefill(prompt)

    def step(self, token: Tensor, state: Any) -> tuple[Tensor, State]:
        """Read one more token [B]: logits [B, V] of the next one, and the state."""
        full = isinstance(state, StaticState) and state.full
        if full:
            state.grow()
        counted = self.model.evaluations
        if state is not self.state or full:
            self.token, self.state = token.clone(), state
            self.replay, self.logits, self.after = self.record(lambda: self.stepper.step(self.token, self.state))
        self.token.copy_(token)
        self.replay()
        self.model.evaluations = counted
        self.model.count(token[:, None])
        _take(self.state, self.after)
        return self.logits.clone(), self.state


def _as_graph(step: Step) -> tuple[Callable[[], object], Tensor, Any]:
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(_WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        logits, after = step()
    return graph.replay, logits, after


def _take(state: Any, after: Any) -> None:
    """Write the state after a step over the one before it."""
    if isinstance(state, StaticState):
        state.take(after)
        return
    for kept, new in zip(state, after, strict=True):
        if kept is not None:
            kept.copy_(new)
