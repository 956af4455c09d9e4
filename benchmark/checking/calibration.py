"""Every instrument held against an answer that is known: `ebb calibrate`.

The formulas and their sources stand beside the checks; the same checks are tests.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmark.checking import policy_gradients
from benchmark.checking.calibration_of_series import errors_of_series, marginals_of_a_copier
from benchmark.checking.checks import Check, at_least, at_most, near
from benchmark.checking.processes import (
    all_sequences,
    along,
    cliff_cost,
    cliff_errors,
    cyclic_chain,
    planted_errors,
    scheduled_sampling_optimum,
    two_symbols,
    two_symbols_optimum,
)
from benchmark.checking.simulation import GUARANTEED, NOISES, simulate
from benchmark.contracts.streams import stream
from benchmark.measuring.errors_in_time import contagion, survival
from benchmark.measuring.exposure import accumulated_error, sequence_kl
from benchmark.measuring.grid import DIVERGENCES, Grid, enumerated_grid, sampled_grid
from benchmark.reporting.contrasts import detectable_effect, stands_apart
from benchmark.reporting.statistics import horizon_50

_EPS = (1.0, 0.75, 0.5, 0.25, 0.1, 0.0)
_TWO_SYMBOLS = {2: (0, 0.0367, 0.1163, 0.2263, 0.3071, 0.3681), 4: (0, 0.0827, 0.2585, 0.5251, 0.7524, 0.9514)}
_CYCLIC = {1.0: (0.9, 0.0), 0.9: (0.8782, 0.0023), 0.75: (0.8293, 0.0202), 0.5: (0.6727, 0.1434),
           0.25: (0.4431, 0.4660), 0.1: (0.3198, 0.7395), 0.0: (0.25, 0.9514)}  # fmt: skip


def scheduled_sampling_on_two_symbols() -> Iterator[Check]:
    """KL(P||Q*) of the second symbol, Q*(x2|x1) = eps P(x2|x1) + (1 - eps) P(x2) (Huszar 2015)."""
    for symbols, known in _TWO_SYMBOLS.items():
        conditional, sequences = two_symbols(symbols, 0.9), all_sequences(symbols, 2)
        uniform = torch.full((symbols,), 1 / symbols, dtype=torch.float64)
        p = along(sequences, uniform, conditional)
        for eps, truth in zip(_EPS, known, strict=True):
            q = along(sequences, uniform, two_symbols_optimum(conditional, eps))
            measured = float(enumerated_grid(p, q, sequences).of("gold", "KL(P||Q)")[1])
            yield near(f"grid: two symbols, K = {symbols}, eps = {eps}", truth, measured, 5e-5)


def scheduled_sampling_on_the_cyclic_chain() -> Iterator[Check]:
    """Q*(successor) and KL per step of a table over what was fed, K = 4, P(successor) = .9, T = 20."""
    chain, sequences = cyclic_chain(), all_sequences(4, 2)
    uniform = torch.full((4,), 0.25, dtype=torch.float64)
    for eps, (successor, divergence) in _CYCLIC.items():
        table = scheduled_sampling_optimum(chain, eps, length=20)
        yield near(f"optimum: cyclic chain, eps = {eps}, Q(successor)", successor, float(table[0, 1]), 5e-5)
        grid = enumerated_grid(along(sequences, uniform, chain), along(sequences, uniform, table), sequences)
        yield near(f"grid: cyclic chain, eps = {eps}", divergence, float(grid.of("gold", "KL(P||Q)")[1]), 5e-5)


def _random_pair(symbols: int, length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    sequences = all_sequences(symbols, length)
    generator = stream("calibration", "chains")
    chains = [torch.rand(symbols + 1, symbols, generator=generator, dtype=torch.float64) ** 2 + 0.02 for _ in range(2)]
    p, q = (along(sequences, chain[0] / chain[0].sum(), chain[1:] / chain[1:].sum(1, keepdim=True)) for chain in chains)
    return sequences, p, q


def chain_rules() -> Iterator[Check]:
    """KL of whole sequences by enumeration against the sums of the grid, both ways."""
    sequences, p, q = _random_pair(symbols=4, length=6)
    whole_p, whole_q = (rows.gather(-1, sequences[..., None]).sum((1, 2)) for rows in (p, q))
    forward, reverse = sequence_kl(enumerated_grid(p, q, sequences))
    yield near("chain rule: KL(P||Q) of sequences", float((whole_p.exp() * (whole_p - whole_q)).sum()), forward, 1e-10)
    yield near("chain rule: KL(Q||P) of sequences", float((whole_q.exp() * (whole_q - whole_p)).sum()), reverse, 1e-10)


def sampling_error() -> Iterator[Check]:
    """The sampled grid lies within 4 standard errors of the enumerated one, at every position."""
    sequences, p, q = _random_pair(symbols=4, length=6)
    exact = enumerated_grid(p, q, sequences)
    own = torch.ones(20_000, 6, dtype=torch.bool)
    drawn = []
    for source, rows in (("gold", p), ("own", q)):
        whole = rows.gather(-1, sequences[..., None]).sum((1, 2)).exp()
        chosen = torch.multinomial(whole, len(own), replacement=True, generator=stream("calibration", "grid", source))
        drawn.append((source, p[chosen], q[chosen], own))
    sampled = sampled_grid(drawn, positions=6)
    deviations = ((sampled.mean - exact.mean).abs() / sampled.error)[..., 1:]  # the first prefix is empty: no error
    for index, name in enumerate(DIVERGENCES):
        yield at_most(
            f"grid: {name} sampled against enumerated, standard errors", 4.0, float(deviations[:, index].max())
        )


def no_exposure_bias() -> Iterator[Check]:
    """Q = (1 - delta) P + delta uniform on a chain with symmetric rows errs alike on every prefix: ExAccErr = 0."""
    chain = cyclic_chain()
    perturbed = 0.9 * chain + 0.1 / 4
    sequences, uniform = all_sequences(4, 6), torch.full((4,), 0.25, dtype=torch.float64)
    grid = enumerated_grid(along(sequences, uniform, chain), along(sequences, uniform, perturbed), sequences)
    later = _from_second_position(grid)
    yield near("ExAccErr of an error that knows no context, %", 0.0, float(accumulated_error(later).excess[-1]), 1e-8)


def _from_second_position(grid: Grid) -> Grid:
    """Leave out the first token, which is drawn alike under both."""
    return Grid(*(part[..., 1:] for part in (grid.mean, grid.error, grid.infinite, grid.count)))


def cliff() -> Iterator[Check]:
    """Cost of an absorbing state entered with probability e: the formula, and its log-log slope over T = 8..128."""
    slip, lengths = 1e-2, (8, 32, 128)
    off = cliff_errors(200_000, 128, slip, stream("calibration", "cliff"))
    for length in lengths:
        truth = cliff_cost(length, slip)
        yield near(
            f"cliff: cost up to {length}, e = {slip}",
            truth,
            float(off[:, :length].double().sum(1).mean()),
            0.02 * truth + 0.01,
        )
    grid = [2**k for k in range(3, 8)]
    points = [(math.log(length), math.log(cliff_cost(length, 1e-3))) for length in grid]
    yield near("cliff: log-log slope of the cost, e = 0.001", 2.03, _slope(points), 0.005)
    counted = [(math.log(length), math.log(cliff_cost(length + 1, 1e-3))) for length in grid]  # exponent t, not t - 1
    yield near("cliff: log-log slope with the slip counted, e = 0.001", 1.948, _slope(counted), 0.0005)
    far = [(math.log(length), math.log(cliff_cost(length, 0.5))) for length in (2**k for k in range(10, 14))]
    yield near("cliff: log-log slope far beyond 1 / e, e = 0.5", 1.0, _slope(far), 0.005)
    estimate = survival(off, torch.ones_like(off))
    yield near("survival on the cliff up to 64, e = 0.01", (1 - slip) ** 63, float(estimate.survival[63]), 0.005)
    yield near("hazard on the cliff, e = 0.01", slip, float(estimate.hazard[1:65].mean()), 0.0005)


def _slope(points: list[tuple[float, float]]) -> float:
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def independent_errors() -> Iterator[Check]:
    """Per-step accuracy p: H_50 is the smallest length with p^l <= 1/2, and survival is p^l."""
    for accuracy, truth in ((0.9, 7), (0.95, 14), (0.99, 69), (0.995, 139), (0.999, 693)):
        lengths = range(1, 1000)
        found = horizon_50(lengths, [accuracy**length for length in lengths], floor=0.0, ceiling=1.0)
        yield near(
            f"H50 of independent errors, p = {accuracy}", truth, math.nan if found is None else math.ceil(found), 0.0
        )
    wrong = planted_errors(100_000, 100, 0.01, 0.01, stream("calibration", "independent"))
    yield near(
        "survival of independent errors, .99^100", 0.3660, float(survival(wrong, wrong | True).survival[-1]), 0.006
    )


def planted_rates() -> Iterator[Check]:
    """Error rate .02 after good and .3 after bad histories, and with ends at random (censoring)."""
    generator = stream("calibration", "planted")
    wrong = planted_errors(50_000, 40, 0.02, 0.3, generator)
    ends = torch.randint(5, 41, (50_000, 1), generator=generator)
    for name, own in (("", torch.ones_like(wrong)), (", censored", torch.arange(1, 41) <= ends)):
        found = contagion(wrong, own)
        yield near(f"error rate after good histories{name}", 0.02, found.after_good, 0.001)
        yield near(f"error rate after bad histories{name}", 0.30, found.after_bad, 0.003)
        yield near(f"survival up to 30{name}", 0.98**30, float(survival(wrong, own).survival[29]), 0.01)


def exact_policy_gradients() -> Iterator[Check]:
    """Expected updates over everything that could be sampled, against the gradient of the expected reward."""
    for baseline in ("none", "moving_average", "self_critical", "leave_one_out"):
        for credit in ("reward_to_go", "sequence"):
            bias = policy_gradients.bias(baseline=baseline, credit=credit)
            yield near(f"policy gradient: bias of {baseline}, {credit}", 0.0, bias, 1e-10)


def detectable_effects() -> Iterator[Check]:
    """Least effect found with power .8 by one test at 5 %, in deviations of the paired difference."""
    for seeds, truth in ((3, 3.26), (5, 1.68), (10, 1.00)):
        yield near(f"detectable effect, {seeds} seeds", truth, detectable_effect(seeds), 0.006)


def simulated_boards(boards: int = 1000) -> Iterator[Check]:
    """False discoveries <= .06 (nominal .05), coverage >= .93 (.95), power .80 at 1.68 deviations and 5 seeds."""
    for name, noise in NOISES.items():
        for seeds in (3, 5, 10):
            rates = simulate(noise, seeds, boards, effect=1.68, seed=seeds)
            where = f"{name} differences, {seeds} seeds"
            found = (
                ("false discoveries", at_most, 0.06, rates.false_discoveries),
                ("coverage", at_least, 0.93, rates.coverage),
            )
            for rate, judge, bound, measured in found:
                check = judge(f"{rate}: {where}", bound, measured)
                yield check if name in GUARANTEED else Check(check.instrument, bound, measured, check.error, None)
            if (name, seeds) == ("Gaussian", 5):
                yield near(f"power at 1.68 deviations: {where}", 0.80, rates.power, 0.03)
            else:
                yield Check(f"power at 1.68 deviations: {where}", 0.80, rates.power, abs(rates.power - 0.8), None)


def warnings_of_outlying_seeds(boards: int = 4000) -> Iterator[Check]:
    """Share of contrasts of 5 seeds with the warning: .05 by chance; how often it catches a collapse is shown."""
    generator = np.random.default_rng(0)
    for name, noise in NOISES.items():
        rate = float(np.mean([stands_apart(row) for row in noise(generator, (boards, 5))]))
        check = near(f"warning of an outlying seed: {name} differences, 5 seeds", 0.05, rate, 0.01)
        yield check if name == "Gaussian" else Check(check.instrument, 0.05, rate, check.error, None)


GROUPS: tuple[Callable[[], Iterator[Check]], ...] = (
    scheduled_sampling_on_two_symbols,
    scheduled_sampling_on_the_cyclic_chain,
    chain_rules,
    sampling_error,
    no_exposure_bias,
    cliff,
    independent_errors,
    planted_rates,
    exact_policy_gradients,
    detectable_effects,
    simulated_boards,
    warnings_of_outlying_seeds,
    marginals_of_a_copier,
    errors_of_series,
)
