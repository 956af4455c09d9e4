"""Claims: known effects get known verdicts, and what is declared fits the suite that it is about."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmark.contracts.registry import Registry
from benchmark.reporting.claims import CLAIMS, Claim, Part, judge
from benchmark.reporting.claims.declaration import Rule, Side
from benchmark.reporting.claims.effects import Arm, difference, ratio, ratio_to_reach, share_dominated, value
from benchmark.reporting.claims.judging import parse_method, verdict_of
from benchmark.reporting.claims.quantities import cost_exponent, fall, measured, quality, to_reach
from benchmark.reporting.claims.writing import to_json, to_markdown
from benchmark.reporting.dominance import TEMPERATURES
from benchmark.reporting.grouping import label_methods
from benchmark.running.planning import Wishes, plan
from benchmark.running.record import Record
from benchmark.running.suites import find_suite
from benchmark.values import Measure, Point
from tests.factories import FACTS, make_cell, make_record


def records(baseline: str, values: list[float], measure: str = "free_running", task: str = "copycat_tagging", **knobs):
    """A record a seed with one measure."""
    made = []
    for seed, number in enumerate(values):
        record = make_record(make_cell(task, baseline, seed, **knobs))
        found = Measure(value=number, unit="", direction="none", reason="")
        made.append(record.model_copy(update={"measures": record.measures | {measure: found}}))
    return made


def claim_of(*parts: Part, rule: Rule = "all") -> Claim:
    return Claim("X1", "a claim", "A claim.", "A source", "anything", parts, rule)


def arm(method: str, quantity=measured("free_running")) -> Arm:  # noqa: B008
    return Arm(method, "copycat_tagging", quantity)


BETTER = difference(arm("b"), arm("a"))
NOISE = [0.01, -0.01, 0.02, -0.02, 0.0]


def verdict(shift: float, claimed: Side = "above", threshold=0.0, seeds=5) -> str:
    first = records("a", [0.5 + 0.1 * seed for seed in range(seeds)])
    second = records("b", [0.5 + 0.1 * seed + shift + NOISE[seed] for seed in range(seeds)])
    return judge(first + second, [claim_of(Part("b beats a", BETTER, claimed, threshold))])[0].verdict


@pytest.mark.parametrize(
    ("shift", "claimed", "threshold", "expected"),
    [
        (0.3, "above", 0.0, "SUPPORTED"),
        (-0.3, "above", 0.0, "REFUTED"),
        (0.3, "below", 0.0, "REFUTED"),
        (0.005, "above", 0.0, "UNDERPOWERED"),
        (0.005, "below", 0.1, "SUPPORTED"),
        (0.3, "above", 0.5, "REFUTED"),
    ],
)
def test_the_verdict_says_on_which_side_of_the_threshold_the_effect_lies(shift, claimed, threshold, expected):
    assert verdict(shift, claimed, threshold) == expected


def test_fewer_than_five_seeds_decide_nothing():
    assert verdict(0.3, seeds=4) == "UNDERPOWERED"
    assert verdict(0.3, seeds=5) == "SUPPORTED"


def test_pairing_by_seed_removes_what_seeds_share():
    """Unpaired, a spread of .5 over seeds would hide a difference of .02."""
    values = [0.1, 0.3, 0.5, 0.7, 0.9]
    found = judge(
        records("a", values) + records("b", [number + 0.02 + 0.001 * at for at, number in enumerate(values)]),
        [claim_of(Part("b beats a", BETTER, "above", 0.0))],
    )[0]
    assert found.verdict == "SUPPORTED"
    assert found.headline.effect == pytest.approx(0.022)


def test_a_ratio_is_a_geometric_mean_with_an_interval_around_it():
    first, second = [2.0, 8.0, 4.0, 4.0, 4.0], [1.0, 1.0, 1.0, 1.0, 1.0]
    part = Part("a over b", ratio(arm("a"), arm("b")), "above", 2.0)
    found = judge(records("a", first) + records("b", second), [claim_of(part)])[0].headline
    assert found.effect is not None
    assert found.effect == pytest.approx(math.exp(np.log(first).mean()))
    assert found.low is not None
    assert found.high is not None
    assert found.low * found.high == pytest.approx(found.effect**2)


def test_a_seed_that_failed_in_one_arm_is_left_out_of_both():
    first, second = records("a", [0.1] * 6), records("b", [0.2, 0.3, 0.2, 0.3, 0.2, 99.0])
    second[-1] = second[-1].model_copy(update={"status": "diverged", "reason": "NaN"})
    found = judge(first + second, [claim_of(Part("b beats a", BETTER, "above", 0.0))])[0].headline
    assert found.contrast.seeds == 5
    assert found.effect == pytest.approx(0.14)


def test_what_was_not_run_is_not_judged():
    (found,) = judge(records("a", [0.1] * 5), [claim_of(Part("b beats a", BETTER, "above", 0.0))])
    assert (found.verdict, found.headline.effect) == ("NOT JUDGED", None)


@pytest.mark.parametrize(
    ("parts", "rule", "expected"),
    [
        (["SUPPORTED", "SUPPORTED"], "all", "SUPPORTED"),
        (["SUPPORTED", "UNDERPOWERED"], "all", "UNDERPOWERED"),
        (["SUPPORTED", "REFUTED"], "all", "MIXED"),
        (["REFUTED", "REFUTED"], "all", "REFUTED"),
        (["SUPPORTED", "NOT JUDGED"], "all", "NOT JUDGED"),
        (["SUPPORTED", "SUPPORTED", "REFUTED"], "most", "SUPPORTED"),
        (["SUPPORTED", "REFUTED"], "most", "MIXED"),
        (["REFUTED", "REFUTED", "UNDERPOWERED"], "most", "REFUTED"),
        (["REFUTED", "NOT JUDGED"], "most", "REFUTED"),
        (["SUPPORTED", "UNDERPOWERED"], "most", "UNDERPOWERED"),
        (["NOT JUDGED"], "most", "NOT JUDGED"),
    ],
)
def test_the_rule_of_a_claim_makes_one_verdict_of_its_parts(parts, rule, expected):
    assert verdict_of(parts, rule) == expected


def curve(*values: float) -> Record:
    bounds = [(1, 4), (5, 16), (17, 64), (65, 256)]
    points = [Point(low=low, high=high, value=number) for (low, high), number in zip(bounds, values, strict=True)]
    return make_record(make_cell()).model_copy(update={"curves": {"free_running": points}, "facts": FACTS})


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_the_exponent_of_cumulative_cost_is_that_of_its_power_law(exponent):
    ends = [0, 4, 16, 64, 256]
    means = [(b**exponent - a**exponent) / (b - a) for a, b in pairwise(ends)]
    assert cost_exponent().of(curve(*means)) == pytest.approx(exponent)


def test_the_fall_of_quality_is_from_the_first_to_the_last_lengths_and_needs_long_outputs():
    assert fall().of(curve(0.9, 0.8, 0.7, 0.3)) == pytest.approx(0.6)
    assert fall(least=300).of(curve(0.9, 0.8, 0.7, 0.3)) is None


def test_quality_is_normalised_by_the_frozen_controls():
    record = make_record(make_cell(), facts=FACTS.model_copy(update={"floor": 0.2, "ceiling": 0.7}))
    mean = record.measures["free_running"].value or 0.0
    assert quality().of(record) == pytest.approx((mean - 0.2) / 0.5)


def reaching(baseline: str, evaluations: float | None) -> list[Record]:
    found = Measure(value=evaluations, unit="", direction="lower", reason="" if evaluations else "not reached")
    made = [make_record(make_cell(baseline=baseline, seed=seed)) for seed in range(5)]
    return [one.model_copy(update={"measures": one.measures | {"evaluations_to_90_percent": found}}) for one in made]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(50.0, 10.0, [5.0] * 5), (None, 10.0, [10.0] * 5), (50.0, None, [0.5] * 5), (None, None, [])],
)
def test_what_never_reaches_a_level_counts_with_all_that_it_spent_and_two_such_are_no_effect(first, second, expected):
    """Records of the factory spent 100 evaluations."""
    effect = ratio_to_reach(arm("a", to_reach()), arm("b", to_reach()))
    found = dict(zip(effect.arms, (reaching("a", first), reaching("b", second)), strict=True))
    assert effect.by_seed(found) == expected


def test_a_method_is_dominated_where_the_reference_at_some_temperature_is_no_worse_in_both_and_better_in_one():
    def at(method: str, points: Mapping[Any, tuple[float, float]]) -> list[Record]:
        record = make_record(make_cell(baseline=method))
        found = {
            f"{axis}_at_temperature_{temperature}": Measure(value=number, unit="", direction="none", reason="")
            for temperature, pair in points.items()
            for axis, number in zip(("quality", "distinct"), pair, strict=True)
        }
        return [record.model_copy(update={"measures": record.measures | found})]

    sweep = dict(zip(TEMPERATURES, [(0.1, 0.2), (0.2, 0.4), (0.3, 0.6), (0.4, 0.8), (0.5, 0.9)], strict=True))
    made = {
        "teacher_forcing": at("teacher_forcing", sweep),
        "dominated": at("dominated", {"1": (0.25, 0.3)}),
        "better": at("better", {"1": (0.15, 0.7)}),
        "same": at("same", {"1": (0.3, 0.6)}),
    }
    effect = share_dominated("copycat_tagging", ["dominated", "better", "same"])
    assert effect.by_seed({one: made[one.method] for one in effect.arms}) == [pytest.approx(1 / 3)]


def test_methods_are_the_same_whatever_the_order_and_writing_of_their_knobs():
    assert parse_method("a:x=0,y=b") == parse_method("a:y=b,x=0.0")
    assert parse_method("a:x=0") != parse_method("a:x=1")


def test_claims_on_paper_are_strict_json_and_hold_every_part():
    judged = judge(
        records("a", [0.1, 0.2, 0.1, 0.2, 0.1]) + records("b", [0.5] * 5),
        [claim_of(Part("b | beats a", BETTER, "above", 0.0), Part("a", value(arm("a")), "below", 0.5))],
    )
    (row,) = json.loads(to_json(judged))
    assert {"id", "statement", "source", "verdict", "effect", "low", "high"} <= row.keys()
    assert [part["verdict"] for part in row["parts"]] == ["SUPPORTED", "SUPPORTED"]
    text = to_markdown(judged)
    assert "## X1: SUPPORTED" in text
    assert r"b \| beats a" in text


DECLARED = [claim.id for claim in CLAIMS]


def test_every_claim_has_an_id_of_its_own():
    assert len(set(DECLARED)) == len(DECLARED) >= 20
    assert {"C1", "C2", "C3", "C7", "C9", "C17", "C18", "C19", "C22", "C31", *(f"S{n}" for n in range(1, 6))} <= set(
        DECLARED
    )


@pytest.fixture(scope="module")
def run_by_full():
    """What `ebb run full` trains, as claims name it: task, model, track and method."""
    cells = [job.cell for job in plan(Registry(), find_suite("full"), Wishes(seeds=1)) if not job.cell.replicate]
    labels = [label.replace(" (equal evaluations)", "") for label in label_methods(cells)]
    return {
        (cell.task.name, model, cell.track, parse_method(label))
        for cell, label in zip(cells, labels, strict=True)
        for model in (cell.model.name, "")
    }


@pytest.mark.parametrize("claim", CLAIMS, ids=DECLARED)
def test_the_full_suite_trains_all_that_a_claim_is_about(claim, run_by_full):
    for part in claim.parts:
        for one in part.effect.arms:
            assert (one.task, one.model, one.track, parse_method(one.method)) in run_by_full, part.text
