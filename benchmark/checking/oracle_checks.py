"""What every task promises of its oracles and controls: total, causal, right, fast, and as good as declared.

Axes: B batch, T time (columns), V vocabulary.
"""

import math
from collections.abc import Callable, Sequence

import torch

from benchmark.checking.conformance import need
from benchmark.checking.machine import least_cpu_seconds
from benchmark.checking.oracle_policy import Oracle
from benchmark.checking.task_samples import (
    draw,
    expert_scores,
    random_history,
    sample_batches,
    training_batch,
    uniform_scores,
)
from benchmark.contracts.batch import Batch
from benchmark.contracts.spaces import Discrete
from benchmark.contracts.streams import stream
from benchmark.contracts.task import Metric, Score, Task
from benchmark.errors import NotApplicable
from benchmark.measuring.quality import figure_of

_ROWS, _COLUMNS, _MILLISECONDS = 64, 128, 20.0
_EXPERT_ROWS, _UNIFORM_ROWS = 32, 128
_RESAMPLES = 200
_ERRORS, _ROUNDING = (
    5,
    0.005,
)  # standard errors, and share of the range, that a control may be away from its frozen value


def process_is_total(task: Task) -> str:
    """The process is a distribution over emitted symbols on every history, also on those that cannot occur."""
    return _is_total(task, "process")


def expert_is_total(task: Task) -> str:
    """The expert is a distribution over emitted symbols on every history, also on those that cannot occur."""
    return _is_total(task, "expert")


def process_is_causal(task: Task) -> str:
    """The process does not look ahead."""
    return _is_causal(task, "process")


def expert_is_causal(task: Task) -> str:
    """The expert does not look ahead."""
    return _is_causal(task, "expert")


def _oracle(task: Task, name: str) -> Oracle:
    if not task.has(name):
        raise NotApplicable(f"the task has no {name}")
    return getattr(task, name)


def _is_total(task: Task, name: str) -> str:
    oracle = _oracle(task, name)
    assert isinstance(task.space, Discrete)
    silent = [symbol for symbol in range(task.space.size) if symbol not in task.space.emits]
    for batch in sample_batches(task):
        for kind, history in (("gold", batch.tokens), ("wrong", random_history(task, batch))):
            log_p = oracle(batch, history)
            expected = (*batch.own.shape, task.space.size)
            need(tuple(log_p.shape) == expected, f"[B, T, V] = {expected} is expected, got {tuple(log_p.shape)}")
            probability = log_p[batch.own].double().exp()
            off = float((probability.sum(-1) - 1).abs().max())
            need(
                off < 1e-6, f"probabilities sum to 1 only within {off:.1e} on {kind} histories (NaN: not defined there)"
            )
            need(
                bool((probability[:, silent] == 0).all()),
                "a symbol that no model may say has probability at own positions",
            )
    return "gold and wrong histories, shortest to longest"


def _is_causal(task: Task, name: str) -> str:
    oracle, batch = _oracle(task, name), training_batch(task)
    one, other = (random_history(task, batch, seed) for seed in (0, 1))
    for column in sorted({batch.own.shape[1] // 4, batch.own.shape[1] // 2, batch.own.shape[1] - 1}):
        changed = torch.cat([one[:, :column], other[:, column:]], 1)
        first, second = (oracle(batch, history)[:, : column + 1].exp() for history in (one, changed))
        own = batch.own[:, : column + 1]
        need(
            torch.allclose(first[own], second[own], atol=1e-9),
            f"at column {column} or before it changes with own tokens that come later: most likely an index off by one",
        )
    return ""


def process_explains_gold(task: Task) -> str:
    """Gold is as likely under the process as the process itself expects."""
    process = _oracle(task, "process")
    batch = draw(task, "train", task.curve.trained, rows=512)
    log_p = process(batch, batch.tokens).double()  # [B, T, V]
    said = log_p.gather(-1, batch.tokens[..., None]).squeeze(-1)[batch.own]  # [own]
    need(
        bool((said > -math.inf).all()), f"{int((said == -math.inf).sum())} gold tokens are impossible under the process"
    )
    entropy = torch.special.entr(log_p.exp()).sum(-1)[batch.own]
    surprise = said + entropy  # of mean 0 given the history, if the process is the one that made gold
    error = float(surprise.square().sum().sqrt()) / len(surprise)
    off = float(surprise.mean())
    need(
        abs(off) <= _ERRORS * error + 1e-9,
        f"gold has {-float(said.mean()):.4f} nats a token and the process expects {float(entropy.mean()):.4f} "
        f"({abs(off) / max(error, 1e-12):.0f} standard errors apart): it is not the process that made the data",
    )
    return f"{-float(said.mean()):.4f} nats a token, {float(entropy.mean()):.4f} expected"


def gold_is_correct(task: Task) -> str:
    """Gold is right by the task's own judge."""
    if not task.has("correct"):
        raise NotApplicable("the task has no judge of right and wrong")
    for batch in sample_batches(task):
        right = task.correct(batch, batch.tokens)
        need(right.dtype == torch.bool and right.shape == batch.own.shape, "[B, T] bool is expected")
        wrong = int((~right[batch.own]).sum())
        need(not wrong, f"{wrong} of {int(batch.lengths.sum())} gold tokens are judged wrong")
        judged = task.correct(batch, random_history(task, batch))[batch.own]
        need(not bool(judged.all()), "every token of a random history is judged right: the judge does not look")
    return ""


def expert_reaches_ceiling(task: Task) -> str:
    """The expert run freely reaches the declared ceiling."""
    _oracle(task, "expert")
    if task.ceiling is None:
        raise NotApplicable("the task declares no ceiling")
    found, error = _with_error(task.metric, expert_scores(task, _expert_rows(task)))
    allowed = _ERRORS * error + _ROUNDING * _range(task)
    seen = f"{found:.4f}, standard error {error:.4f}; declared {task.ceiling}"
    need(abs(found - task.ceiling) <= allowed, f"{seen}: measure the ceiling again, or mend the expert")
    return seen


def _expert_rows(task: Task) -> int:
    """Fewer rows of each length where outputs are long: every step of a free run asks the expert about all of it."""
    return _EXPERT_ROWS if task.curve.axis != "length" or task.curve.longest <= _COLUMNS else _EXPERT_ROWS // 4


def uniform_is_at_floor(task: Task) -> str:
    """A model that knows nothing is no better than the declared floor."""
    if task.floor is None:
        raise NotApplicable("the task declares no floor")
    found, error = _with_error(task.metric, uniform_scores(task, _UNIFORM_ROWS))
    better = found - task.floor if task.metric.direction == "higher" else task.floor - found
    seen = f"{found:.4f}, standard error {error:.4f}; declared {task.floor:.4f}"
    need(better <= _ERRORS * error + _ROUNDING * _range(task), f"{seen}: the floor is too low")
    return seen


def _range(task: Task) -> float:
    return abs((task.ceiling or 0.0) - (task.floor or 0.0))


def _with_error(metric: Metric, scores: Sequence[Score]) -> tuple[float, float]:
    """The figure of scores, and its standard error by a bootstrap over rows."""
    generator, figures = stream("check", "bootstrap"), []
    for _ in range(_RESAMPLES):
        resampled = []
        for score in scores:
            rows = torch.randint(len(score.weight), (len(score.weight),), generator=generator)
            resampled.append(Score(score.value[rows], score.weight[rows]))
        figures.append(figure_of(metric, resampled))
    return figure_of(metric, scores), float(torch.tensor(figures, dtype=torch.float64).std())


def is_fast(task: Task) -> str:
    """A batch of 64 x 128 tokens is sampled and judged in milliseconds."""
    batch = _of_columns(task)
    history, columns = random_history(task, batch), batch.own.shape[1]
    longest = task.curve.trained
    calls: dict[str, Callable[[], object]] = {"sample": lambda: draw(task, "train", longest, _ROWS)}
    calls |= {
        name: (lambda oracle: lambda: oracle(batch, history))(getattr(task, name))
        for name in ("process", "expert", "correct")
        if task.has(name)
    }
    spent = {name: 1000 * least_cpu_seconds(call) * min(1.0, _COLUMNS / columns) for name, call in calls.items()}
    slow = {name: round(value, 1) for name, value in spent.items() if value > _MILLISECONDS}
    need(not slow, f"milliseconds of one core for 64 x 128 tokens, more than {_MILLISECONDS:.0f}: {slow}")
    return ", ".join(f"{name} {value:.1f} ms" for name, value in spent.items())


def _of_columns(task: Task) -> Batch:
    """The batch of 64 rows whose columns are nearest to 128."""
    lengths = (bucket if task.curve.axis == "length" else (bucket[1], bucket[1]) for bucket in task.curve.buckets)
    return min(
        (draw(task, "test", length, _ROWS) for length in lengths), key=lambda batch: abs(batch.own.shape[1] - _COLUMNS)
    )


ORACLE_CHECKS = (
    process_is_total,
    process_is_causal,
    process_explains_gold,
    expert_is_total,
    expert_is_causal,
    gold_is_correct,
    expert_reaches_ceiling,
    uniform_is_at_floor,
    is_fast,
)
