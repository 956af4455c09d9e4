"""Sums written out: the numbers that went into a mean, an interval or a test, for `ebb explain`."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmark.reporting.contrasts import Contrast, detectable_effect
from benchmark.reporting.statistics import Interval
from benchmark.values import TaskFacts


def number(value: float) -> str:
    """Six significant digits."""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1000 else f"{value:.6g}"


def listed(pairs: Iterable[tuple[object, float | None]]) -> str:
    """Name and value of each, in a line."""
    return ", ".join(f"{name}: {'none' if value is None else number(value)}" for name, value in pairs) or "none"


def interval_lines(name: str, values: Sequence[float], interval: Interval) -> list[str]:
    """The mean of values and its t interval, with the terms of both."""
    assert interval.mean is not None
    count = len(values)
    lines = [f"{name} = ({' + '.join(map(number, values))}) / {count} = {number(interval.mean)}"]
    if interval.low is None or interval.high is None:
        return [*lines, "one seed, so there is no interval"]
    from scipy.special import stdtrit

    deviation, quantile = float(np.std(values, ddof=1)), float(stdtrit(count - 1, 0.975))
    return [
        *lines,
        f"s = sqrt(sum of (value - mean)^2 / {count - 1}) = {number(deviation)}",
        f"95 % interval = mean -+ t(0.975, {count - 1}) s / sqrt({count}) = {number(interval.mean)} -+ "
        f"{number(quantile)} x {number(deviation)} / {number(math.sqrt(count))} = "
        f"[{number(interval.low)}, {number(interval.high)}]",
    ]


def contrast_lines(contrast: Contrast, pairs: Mapping[int, tuple[float, float]], sign: float) -> list[str]:
    """The paired differences of a contrast, its interval and its t test."""
    better = "method - teacher forcing" if sign > 0 else "teacher forcing - method, as lower is better"
    lines = [f"gain of a seed = {better}; positive where the method is better"]
    for seed, (own, other) in pairs.items():
        first, second = (own, other) if sign > 0 else (other, own)
        lines.append(f"seed {seed}: {number(first)} - {number(second)} = {number(sign * (own - other))}")
    if contrast.difference is not None:
        gains = [sign * own - sign * other for own, other in pairs.values()]
        lines += interval_lines("gain", gains, Interval(contrast.difference, contrast.low, contrast.high))
    if contrast.p is not None and contrast.deviation and contrast.difference is not None:
        count, error = contrast.seeds, contrast.deviation / math.sqrt(contrast.seeds)
        lines.append(
            f"t = gain / (s / sqrt({count})) = {number(contrast.difference / error)}; "
            f"p = 2 P(T > |t|) with {count - 1} degrees of freedom = {number(contrast.p)}"
        )
    if contrast.detectable is not None and contrast.deviation is not None:
        lines.append(
            f"least true gain that this test would find at 80 % power = {number(detectable_effect(contrast.seeds))} s "
            f"= {number(contrast.detectable)}"
        )
    return lines + [text for text in (contrast.note, contrast.warning) if text]


def adjustment_lines(tested: Sequence[tuple[str, float, bool]], adjusted: float | None) -> list[str]:
    """Benjamini and Hochberg's adjustment of one of several p values.

    Args:
        tested: name, p, and whether it is the one, of each contrast of the board that was tested.
        adjusted: what the board has for that one, None if it was not tested.
    """
    if adjusted is None:
        return ["not tested, so nothing is adjusted"]
    ordered, count = sorted(tested, key=lambda contrast: contrast[1]), len(tested)
    rank = next(at for at, (_, _, own) in enumerate(ordered, 1) if own)
    lines = [f"contrasts of the board that were tested: {count}; by its p this one is number {rank}"]
    candidates = [(min(1.0, p * count / at), at, p) for at, (_, p, _) in enumerate(ordered, 1) if at >= rank]
    least, at, p = min(candidates)
    return [
        *lines,
        f"adjusted p (Benjamini and Hochberg 1995) = least p(j) x {count} / j over j >= {rank} = "
        f"{number(p)} x {count} / {at} = {number(least)}",
    ]


def normalisation_lines(facts: TaskFacts, seeds: Sequence[tuple[int, str, float]], mean: float) -> list[str]:
    """The normalised quality of each seed of a method on a task: status and value, failures as the worst."""
    assert facts.floor is not None and facts.ceiling is not None
    lines = [f"normalised = (value - floor) / (ceiling - floor), floor {number(facts.floor)}, ceiling "
             f"{number(facts.ceiling)}"]  # fmt: skip
    for seed, status, value in seeds:
        note = "" if status == "ok" else f" ({status}: the worst of the task)"
        lines.append(f"seed {seed}: {'none' if math.isnan(value) else number(value)}{note}")
    return [*lines, f"mean = {'none' if math.isnan(mean) else number(mean)}"]
