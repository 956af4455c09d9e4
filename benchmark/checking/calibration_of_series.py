"""Known answers of the marginals (EB-M) and of the measures of continuous sequences.

Axes: B batch, T time (columns), L lead times, D numbers in a vector.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmark.checking.checks import Check, at_most, near
from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.streams import stream
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.marginals import MarginalTally
from benchmark.measuring.runs import Runs
from benchmark.measuring.series import histogram_distance, nrmse_by_lead, valid_prediction_time

_ROWS, _LENGTH = 20_000, 8


def marginals_of_a_copier() -> Iterator[Check]:
    """Fair coins; after gold the model says 1 with probability .6, after its own tokens with .8.

    The total variation of its marginal to the data's is .1 and .3, and EB-M is 3.
    """
    tokens = torch.randint(2, (_ROWS, _LENGTH), generator=stream("calibration", "marginals"))  # [B, T]
    own = torch.ones_like(tokens, dtype=torch.bool)
    batch = Batch(tokens, ~own, own)
    gold, free = (Output(tokens, own, tokens, own[:, 0], _coins(probability, tokens)) for probability in (0.6, 0.8))
    tally, result = MarginalTally(2, _LENGTH, ((1, _LENGTH),)), Evaluated()
    tally.add(Runs(None, batch, gold, own.double(), {"sample": free}, free))
    tally.put_into(result)
    known = {"marginal_gold_TV": (0.1, 0.01), "marginal_own_TV": (0.3, 0.01), "exposure_marginal_ratio": (3.0, 0.15)}
    for name, (truth, tolerance) in known.items():
        measured = result.measures[name].value
        yield near(f"marginals: {name}", truth, math.nan if measured is None else measured, tolerance)


def _coins(probability: float, tokens: Tensor) -> Tensor:
    """Log-probabilities [B, T, 2] of 0 and 1."""
    return torch.tensor([1 - probability, probability]).log().expand(*tokens.shape, 2)


def errors_of_series() -> Iterator[Check]:
    """An error .001 e^(l / 5) at lead l passes .4 at l = 5 ln 400, first at 30; two normals 1 apart differ by .383."""
    gold = torch.randn(4000, 40, 3, generator=stream("calibration", "series"), dtype=torch.float64)  # [B, L, D]
    error = 0.001 * (torch.arange(1, 41, dtype=torch.float64) / 5).exp()  # [L]
    signs = 1 - 2 * torch.randint(2, gold.shape, generator=stream("calibration", "signs"))
    own = gold + signs * error[:, None]
    by_lead = nrmse_by_lead(own, gold)
    yield at_most("series: NRMSE by lead time, largest relative error", 1e-10, float((by_lead / error - 1).abs().max()))
    times, _ = valid_prediction_time(own, gold)
    yield near("series: valid prediction time", math.ceil(5 * math.log(400)), float(times.double().mean()), 0.0)
    truth = 2 * float(torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor(0.5))) - 1
    yield near("series: histogram distance of a shift by 1", truth, histogram_distance(gold + 1, gold.flip(0)), 0.01)
