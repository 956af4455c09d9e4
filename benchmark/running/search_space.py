"""What may be tuned: the knobs of a method within their declared ranges, and the learning rate."""

import math
from typing import Any

from benchmark.contracts.knobs import Knob
from benchmark.running.cell import KnobValues

RATE_FACTOR = 4.0
"""The learning rate is searched this far to both sides of the suite's."""

_WIDE = 50.0  # ratio of the ends of a range from which on it is searched by orders of magnitude


def suggest(trial: Any, knobs: dict[str, Knob], learning_rate: float) -> tuple[KnobValues, float]:
    """Let an Optuna trial choose; a knob that is not active under the values of the others keeps its default."""
    chosen: KnobValues = {}
    waiting = dict(knobs)
    while waiting:
        ready = [name for name, knob in waiting.items() if not waiting.keys() & knob.active_when.keys()]
        for name in ready or list(waiting):
            knob = waiting.pop(name)
            active = all(chosen.get(other) in values for other, values in knob.active_when.items())
            chosen[name] = _value(trial, name, knob) if active else knob.default
    low, high = learning_rate / RATE_FACTOR, learning_rate * RATE_FACTOR
    return chosen, trial.suggest_float("learning_rate", low, high, log=True)


def defaults(knobs: dict[str, Knob], learning_rate: float) -> dict[str, Any]:
    """The first trial: what the suite does, so that tuning never chooses worse on its own signal."""
    return {name: knob.default for name, knob in knobs.items()} | {"learning_rate": learning_rate}


def _value(trial: Any, name: str, knob: Knob) -> Any:
    if knob.choices or isinstance(knob.default, bool):
        return trial.suggest_categorical(name, list(knob.choices) or [False, True])
    if knob.low is None or knob.high is None:
        return knob.default
    wide = knob.low > 0 and knob.high / knob.low >= _WIDE
    if isinstance(knob.default, int):
        return trial.suggest_int(name, math.ceil(knob.low), math.floor(knob.high), log=wide)
    return trial.suggest_float(name, knob.low, knob.high, log=wide)
