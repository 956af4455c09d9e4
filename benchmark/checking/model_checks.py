"""What `ebb check` asks of a model: that its two paths are one model, which sees no future and draws from its stream.

Axes: B batch, T time, V vocabulary, D numbers in a vector.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benchmark.checking.conformance import need
from benchmark.contracts.model import SequenceModel, Stepper
from benchmark.contracts.spaces import Continuous, Discrete
from benchmark.contracts.streams import seeded, stream

_ROWS, _COLUMNS = 4, 40
_SPACES = (Discrete(7, emits=(1, 2, 3, 4)), Continuous(2, noise="learned"))
_EXACT = 1e-10

Model = type[SequenceModel]


def by_steps(model: Stepper, tokens: Tensor, prompt: int) -> Tensor:
    """Logits of all columns from `prompt` on, [B, T - prompt, V]: the prompt at once, then one step at a time."""
    logits, state = model.prefill(tokens[:, :prompt])
    columns = [logits]
    for token in tokens[:, prompt:-1].unbind(1):
        logits, state = model.step(token, state)
        columns.append(logits)
    return torch.stack(columns, 1)


def largest_difference(model: SequenceModel, tokens: Tensor, prompt: int = 1) -> tuple[float, int]:
    """How far the paths are apart, relative to the largest logit, and the first column where they are farthest.

    The paths are the parallel pass, the model's own steps, and what stands in for it in runs.
    """
    with torch.no_grad():
        parallel = model(tokens)[:, prompt:]
        steps = torch.stack([by_steps(path, tokens, prompt) for path in (model, model.stepper())])
    finite = parallel.isfinite()
    gap = torch.where(finite, steps - parallel, 0.0).abs().amax((0, 1, 3))  # [T - prompt]
    return float(gap.max() / parallel[finite].abs().max()), prompt + int(gap.argmax())


def _built(kind: Model, **knobs: Any) -> Iterator[tuple[SequenceModel, Tensor]]:
    """The model in each space, in float64 and with large weights, and sequences for it."""
    for space in _SPACES:
        with seeded("check", kind.name):
            model = kind(space, **({"width": 16} | knobs)).double()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter *= 1.5
        generator = stream("check", "tokens")
        discrete = torch.randint(space.size, (_ROWS, _COLUMNS), generator=generator)
        vectors = torch.randn(_ROWS, _COLUMNS, space.size, generator=generator, dtype=torch.float64)
        yield model, vectors if isinstance(space, Continuous) else discrete


def declares_itself(kind: Model) -> str:
    """It has a name, documentation and knobs with help."""
    need(bool((kind.__doc__ or "").strip()) and kind.__doc__ != SequenceModel.__doc__, "the class has no documentation")
    for name, knob in kind.declared_knobs().items():
        need(bool(knob.help.strip()), f"knob {name!r} has no help")
    return f"version {kind.version}, knobs {', '.join(kind.declared_knobs())}"


def steps_agree(kind: Model) -> str:
    """Step by step it says what it says in parallel, after a prompt of any length."""
    worst = 0.0
    for model, tokens in _built(kind):
        for prompt in (0, 1, 5):
            difference, column = largest_difference(model, tokens, prompt)
            need(
                difference <= _EXACT,
                f"after a prompt of {prompt} the paths differ by {difference:.1e} at column {column}: most likely the "
                "state does not hold what `advance` needs of the past, or the position is not advanced",
            )
            worst = max(worst, difference)
    return f"largest difference {worst:.0e} in float64"


def is_causal(kind: Model) -> str:
    """No column knows itself or what follows."""
    for model, tokens in _built(kind):
        changed = tokens.clone()
        changed[:, 7:] = changed[:, 7:].flip(1) + (0 if tokens.is_floating_point() else 1)
        changed = changed if tokens.is_floating_point() else changed % model.space.size
        before, after = model(tokens)[:, :8], model(changed)[:, :8]
        need(torch.equal(before, after), "a change of column 7 reaches an earlier prediction or its own")
        need(not torch.equal(model(tokens), model(changed)), "the predictions do not depend on the tokens before them")
    return ""


def selects_rows(kind: Model) -> str:
    """A state of selected rows goes on as those rows, and leaves the first state as it was."""
    rows = torch.tensor([3, 0, 0])
    for path, tokens in ((path, t) for model, t in _built(kind) for path in (model, model.stepper())):
        with torch.no_grad():
            _, state = path.prefill(tokens[:, :4])
            branch = state.select(rows)
            expected, _ = path.step(tokens[:, 4], state)
            found, _ = path.step(tokens[rows, 4], branch)
        gap = torch.nan_to_num((found - expected[rows]), 0.0).abs().max()
        need(
            float(gap) <= _EXACT,
            f"they differ by {float(gap):.1e}: most likely `select` copies a part of the state",
        )
    return ""


def keeps_to_emitted_symbols(kind: Model) -> str:
    """Symbols that are never emitted have no probability, all others have."""
    for model, tokens in _built(kind):
        if isinstance(model.space, Discrete):
            logits = model(tokens)
            never = [symbol for symbol in range(model.space.size) if symbol not in model.space.emits]
            need(bool(torch.isneginf(logits[..., never]).all()), "a symbol outside `emits` has a probability")
            need(bool(logits[..., list(model.space.emits)].isfinite().all()), "a logit is not finite")
    return ""


def counts_evaluations(kind: Model) -> str:
    """A token counts 1, and 3 with gradient."""
    for model, tokens in _built(kind):
        count = tokens.shape[0] * tokens.shape[1]
        model(tokens)
        need(model.evaluations == 3 * count, f"{count} tokens with gradient were counted as {model.evaluations}")
        with torch.no_grad():
            model(tokens)
            need(model.evaluations == 4 * count, f"{count} tokens without gradient: {model.evaluations - 3 * count}")
            for path in (model, model.stepper()):
                before = model.evaluations
                path.step(tokens[:, 1], path.prefill(tokens[:, :1])[1])
                counted, rows = model.evaluations - before, len(tokens)
                need(counted == 3 * rows, f"a prompt of the start and one token, and a step, count {counted / rows}")
    return ""


def drops_from_its_stream(kind: Model) -> str:
    """Dropout draws from the model's own generator, and in training only."""
    for model, tokens in _built(kind, dropout=0.5):
        model.eval()
        need(torch.equal(model(tokens), model(tokens)), "it draws in evaluation")
        model.train()
        model.noise = stream("check", "dropout")
        once, other = model(tokens), model(tokens)
        model.noise = stream("check", "dropout")
        again = model(tokens)
        need(torch.equal(once, again), "the same generator gives other results: `drop` is not what drops")
        need(not torch.equal(once, other), "dropout 0.5 drops nothing")
    return ""


def learns_everywhere(kind: Model) -> str:
    """A gradient reaches every parameter."""
    tensors = 0
    for model, tokens in _built(kind):
        tensors += len(list(model.parameters()))
        logits = model(tokens)
        torch.where(logits.isfinite(), logits, 0.0).square().sum().backward()
        missed = [name for name, p in model.named_parameters() if p.grad is None or not bool((p.grad != 0).any())]
        need(not missed, f"no gradient reaches {', '.join(missed)}")
    return f"{tensors} tensors"


MODEL_CHECKS: tuple[Callable[[Model], str], ...] = (
    declares_itself,
    steps_agree,
    is_causal,
    selects_rows,
    keeps_to_emitted_symbols,
    counts_evaluations,
    drops_from_its_stream,
    learns_everywhere,
)
