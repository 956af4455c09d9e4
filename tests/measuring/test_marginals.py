"""EB-M on marginals that are known."""

import pytest
import torch

from benchmark.checking.oracle_policy import OraclePolicy
from benchmark.contracts import Batch, Output, stream
from benchmark.learning.free_running import Draw
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.marginals import MarginalTally
from benchmark.measuring.runs import Runs, run_freely
from tasks.hmm_language import HmmLanguage

ROWS, POSITIONS = 40, 3
OWN = torch.ones(ROWS, POSITIONS, dtype=torch.bool)


def runs(gold_tokens: torch.Tensor, after_gold: list[float], after_own: list[float]) -> Runs:
    batch = Batch(gold_tokens, ~OWN, OWN)
    outputs = [
        Output(gold_tokens, OWN, gold_tokens, OWN[:, 0], torch.tensor(row).log().expand(ROWS, POSITIONS, -1))
        for row in (after_gold, after_own)
    ]
    return Runs(None, batch, outputs[0], OWN.float(), {"sample": outputs[1]}, outputs[1])


def measured(after_gold: list[float], after_own: list[float]) -> Evaluated:
    """Half of the gold tokens are 0 and half are 1."""
    tokens = (torch.arange(ROWS)[:, None] // 2 % 2).expand(-1, POSITIONS)
    tally, result = MarginalTally(2, POSITIONS, ((1, 1), (2, 3))), Evaluated()
    tally.add(runs(tokens, after_gold, after_own))
    tally.put_into(result)
    return result


def test_the_ratio_is_that_of_the_two_distances():
    result = measured([0.6, 0.4], [0.9, 0.1])
    assert result.measures["marginal_gold_TV"].value == pytest.approx(0.1)
    assert result.measures["marginal_own_TV"].value == pytest.approx(0.4)
    assert result.measures["exposure_marginal_ratio"].value == pytest.approx(4.0)
    assert [point.value for point in result.curves["marginal_ratio_TV"]] == pytest.approx([4.0, 4.0])


def test_without_a_distance_after_gold_prefixes_the_ratio_is_undefined_and_says_so():
    measure = measured([0.5, 0.5], [0.9, 0.1]).measures["exposure_marginal_ratio"]
    assert measure.value is None
    assert measure.reason.startswith("undefined")


def test_it_is_blind_to_what_goes_wrong_within_a_sequence():
    """The model says 0 for ever or 1 for ever, as often each: the marginals are right and every sequence is wrong."""
    assert measured([0.6, 0.4], [0.5, 0.5]).measures["exposure_marginal_ratio"].value == pytest.approx(0.0)


def test_the_process_itself_has_a_ratio_near_one():
    """Its own prefixes are as far from the data by chance as other data are."""
    task = HmmLanguage()
    batch = task.sample("test", 256, (32, 32), stream("marginals"))
    with torch.inference_mode():
        policy = OraclePolicy(task, task.process, batch)
        own = run_freely(policy, task, batch, Draw("sample", stream("own")))
        log_p = policy(batch.tokens)
    gold = Output(batch.tokens, batch.own, batch.tokens, batch.own[:, 0], log_p)
    tally, result = MarginalTally(16, 32, ((1, 32),)), Evaluated()
    tally.add(Runs(None, batch, gold, batch.own.float(), {"sample": own}, own))
    tally.put_into(result)
    assert result.measures["exposure_marginal_ratio"].value == pytest.approx(1.0, abs=0.35)
