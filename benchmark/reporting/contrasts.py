"""Does a method differ from teacher forcing? Paired tests over seeds, and what they could have seen.

Everything is paired: data order, initial weights and test sets are the same for both arms of a seed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

POWER = 0.8
LEVEL = 0.05
FEWEST_FOR_A_VERDICT = 5
FEWEST_FOR_SIGN_FLIPS = 8
BETTER = {"higher": "better", "lower": "worse"}
"""Words for a verdict on differences that are positive where the first is better."""
APART = "one seed stands apart from the others: the interval may cover less than 95 %"


@dataclass(frozen=True)
class Contrast:
    """A paired comparison of two methods on one task.

    Attributes:
        seeds: pairs in which both arms are ok.
        difference: mean of the paired differences.
        low, high: its 95 % t interval; None below two pairs.
        deviation: standard deviation of the paired differences; None below two pairs.
        correlation: of the two arms over seeds, what pairing gained; None where it is not defined.
        p: two-sided, of the paired t test; None where no test was run.
        adjusted: p after Benjamini-Hochberg over the board; None until then.
        detectable: least true difference that the test would find at 80 % power; None where no test was run.
        note: why there is no test, or no verdict, else "".
        warning: why the interval may cover less than it says, else "".
    """

    seeds: int
    difference: float | None
    low: float | None
    high: float | None
    deviation: float | None
    correlation: float | None
    p: float | None
    adjusted: float | None
    detectable: float | None
    note: str
    warning: str = ""

    @property
    def verdict(self) -> str:
        """ "higher", "lower" or "no difference found" where a verdict may be given, else ""."""
        if self.adjusted is None or self.difference is None or self.note:
            return ""
        if self.adjusted > LEVEL:
            return "no difference found"
        return "higher" if self.difference > 0 else "lower"

    def columns(self, words: Mapping[str, str] = BETTER) -> dict[str, Any]:
        """The figures of a row of a table; `words` are for the verdict."""
        return {
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
            "seeds": self.seeds,
            "correlation": self.correlation,
            "p": self.p,
            "p_adjusted": self.adjusted,
            "detectable": self.detectable,
            "note": self.note,
            "warning": self.warning,
            "verdict": words.get(self.verdict, self.verdict),
        }

    def untested(self, note: str) -> "Contrast":
        """Return the contrast without its test, and why."""
        return replace(self, p=None, detectable=None, note=note)


NO_CONTRAST = Contrast(0, None, None, None, None, None, None, None, None, "")


def paired_contrast(first: ArrayLike, second: ArrayLike) -> Contrast:
    """Compare two arms over the same seeds, [seed] each; a pair with a NaN in either arm is left out and counted.

    Raises:
        ValueError: if the arms differ in shape.
    """
    from scipy.special import stdtr, stdtrit  # Student's t without the second that scipy.stats takes to import

    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"the arms must be [seed] of one length, got {one.shape} and {other.shape}")
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    count, differences = len(one), one - other
    mean = float(differences.mean()) if count else None
    nothing = replace(NO_CONTRAST, seeds=count, difference=mean)
    if count < 2:
        return replace(nothing, note=f"no test: {count} seed{'' if count == 1 else 's'} ok in both arms")
    deviation = _deviation(differences)
    if not differences.any():
        return replace(nothing, low=0.0, high=0.0, deviation=0.0, note="no test: all differences are zero")
    standard_error = deviation / math.sqrt(count)
    half = float(stdtrit(count - 1, 0.975)) * standard_error
    assert mean is not None
    return replace(
        nothing,
        low=mean - half,
        high=mean + half,
        deviation=deviation,
        correlation=float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else None,
        p=float(2 * stdtr(count - 1, -abs(mean) / standard_error)) if standard_error > 0 else 0.0,
        detectable=deviation * detectable_effect(count),
        note="" if count >= FEWEST_FOR_A_VERDICT else f"{count} seeds: direction only, no verdict",
        warning=APART if stands_apart(differences) else "",
    )


def _deviation(values: NDArray[np.float64]) -> float:
    """Standard deviation [seed] -> (); 0 where values differ by rounding alone, as those that are quantised do."""
    rounding = 1e-12 * float(np.abs(values).max())
    return float(values.std(ddof=1)) if float(np.ptp(values)) > rounding else 0.0


def stands_apart(differences: ArrayLike) -> bool:
    """Whether one of the differences lies so far from the rest that a t interval is not to be trusted.

    Grubbs' test (1950) at 5 %: the largest deleted Studentised residual, with Bonferroni's correction over the seeds.
    Where one seed in ten collapses, or differences are log-normal, intervals cover far less than they say, and this is
    how such data most often look. Below four seeds nothing can stand apart.
    """
    from scipy.special import stdtr

    values = np.asarray(differences, dtype=float)
    count = len(values)
    if count < 4 or _deviation(values) == 0:
        return False
    furthest = int(np.abs(values - values.mean()).argmax())
    rest = np.delete(values, furthest)
    spread = _deviation(rest) * math.sqrt(1 + 1 / len(rest))
    distance = abs(float(values[furthest] - rest.mean()))
    residual = distance / spread if spread > 0 else math.inf
    return bool(2 * count * stdtr(len(rest) - 1, -residual) < LEVEL)


def adjust(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """Adjust the p values of a board by Benjamini & Hochberg (1995); what was not tested does not count."""
    from scipy import stats

    tested = [contrast.p for contrast in contrasts if contrast.p is not None]
    adjusted = iter(stats.false_discovery_control(tested) if tested else [])
    return [
        contrast if contrast.p is None else replace(contrast, adjusted=float(next(adjusted))) for contrast in contrasts
    ]


@cache
def detectable_effect(seeds: int, level: float = LEVEL, power: float = POWER) -> float:
    """Least paired effect, in standard deviations of the difference, that a t test finds with this power.

    3.26, 1.68 and 1.00 for 3, 5 and 10 seeds.
    """
    from scipy.optimize import brentq

    root: Any = brentq(lambda effect: t_test_power(effect, seeds, level) - power, 1e-6, 1e3)
    return float(root)


def t_test_power(effect: float, seeds: int, level: float = LEVEL) -> float:
    """Probability that a two-sided paired t test rejects, for an effect in standard deviations of the difference."""
    from scipy import stats

    threshold = stats.t.ppf(1 - level / 2, seeds - 1)
    shift = effect * math.sqrt(seeds)
    upper = stats.nct.sf(threshold, seeds - 1, shift)
    lower = stats.nct.cdf(-threshold, seeds - 1, shift)  # may underflow to NaN far from 0, where it is 0
    return float(upper + (0.0 if math.isnan(lower) else lower))


@dataclass(frozen=True)
class SignFlips:
    """A sign-flip test, or why it was not run: one that cannot reject is not."""

    p: float | None
    note: str


def sign_flips_over_tasks(differences: ArrayLike, draws: int = 20_000, seed: int = 0) -> SignFlips:
    """Flip the signs of whole tasks, [task] of mean differences in comparable units; "over tasks like these".

    Flipping single cells would give up to 44 % false positives where effects differ by task. All 2^n flips are taken up
    to 12 tasks, else a seeded sample. Below 8 tasks the result is descriptive and no test is run.
    """
    values = np.asarray(differences, dtype=float)
    values = values[np.isfinite(values)]
    count = len(values)
    if count < FEWEST_FOR_SIGN_FLIPS:
        return SignFlips(None, f"no test: {count} tasks; below {FEWEST_FOR_SIGN_FLIPS} the result is descriptive only")
    if not values.any():
        return SignFlips(None, "no test: all differences are zero")
    exact = count <= 12
    signs = _all_signs(count) if exact else _some_signs(count, draws, seed)
    means, observed = np.abs(signs @ values) / count, abs(values.mean())
    extreme = int((means >= observed * (1 - 1e-12)).sum())
    p = extreme / len(signs) if exact else (extreme + 1) / (len(signs) + 1)
    return SignFlips(p, "over tasks like these")


def _all_signs(count: int) -> NDArray[np.float64]:
    return 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)


@lru_cache(maxsize=1)  # the same for all methods
def _some_signs(count: int, draws: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(draws, count))
