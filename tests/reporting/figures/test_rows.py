"""The data of figures against known answers."""

import json

import pytest

from benchmark.reporting.figures.catalogue import find_figure
from benchmark.reporting.figures.declaration import Missing
from benchmark.reporting.figures.quality_vs_length import far_off
from benchmark.reporting.figures.ranks import alike, critical_difference
from benchmark.reporting.figures.sheet import arranged, sheet_of, venues, wrapped
from benchmark.reporting.figures.style import ticks_apart
from benchmark.reporting.grouping import group_records
from benchmark.reporting.results import Results, read_throughput
from tests.factories import FACTS, make_cell, make_record
from tests.reporting.figures.records import full_records


def rows(name: str, records) -> list[dict]:
    return find_figure(name).rows(Results("run", group_records(records)))


def test_the_line_of_independent_errors_falls_at_the_even_rate_from_the_first_point_on():
    found = {row["high"]: row["independent"] for row in rows("survival", full_records(["one"]))}
    assert found == {at: pytest.approx(0.8**4 * 0.9 ** (at - 4)) for at in (4, 8, 16)}


def test_a_curve_has_the_mean_over_seeds_and_its_interval():
    point = next(row for row in rows("quality_vs_length", full_records(["one"])) if row["high"] == 8)
    assert point["free_running"] == pytest.approx(0.705)  # .70 and .71
    assert point["free_running_high"] - 0.705 == pytest.approx(12.706 * 0.005, rel=1e-3)  # t(1), deviation .01 / sqrt 2


def test_a_figure_of_more_lines_than_can_be_read_is_left_out_with_the_reason(monkeypatch):
    records = [make_record(make_cell(baseline=name)) for name in ("one", "two")]
    monkeypatch.setattr("benchmark.reporting.figures.quality_vs_length.MOST_LINES", 2)
    assert {row["baseline"] for row in rows("quality_vs_length", records)} == {"one", "two"}
    monkeypatch.setattr("benchmark.reporting.figures.quality_vs_length.MOST_LINES", 1)
    with pytest.raises(Missing, match="it would have 2 lines, of which nobody could read more than 1"):
        rows("quality_vs_length", records)


def test_the_pareto_front_holds_what_no_other_beats_in_both():
    costs = {"cheap": (1.0, 0.5), "beaten": (2.0, 0.4), "dear": (3.0, 0.9), "twin": (3.0, 0.9)}
    records = []
    for name, (cost, quality) in costs.items():
        record = make_record(make_cell(baseline=name), (quality,) * 3)
        records.append(record.model_copy(update={"spent": record.spent | {"evaluations": cost}}))
    front = {row["baseline"] for row in rows("cost_quality", records) if row["pareto"]}
    assert front == {"cheap", "dear", "twin"}


def test_a_gain_is_a_share_of_the_way_from_floor_to_ceiling_and_positive_where_the_method_is_better():
    """A cost from 2 (floor) to 0 (ceiling): 1.4 and 1.6 are .3 and .2 less than teacher forcing's, mean .25 of 2."""
    facts = FACTS.model_copy(update={"direction": "lower", "floor": 2.0, "ceiling": 0.0})
    costs = {"teacher_forcing": (1.7, 1.8), "x": (1.4, 1.6)}
    records = [
        make_record(make_cell(task, name, seed), (cost,) * 3, facts)
        for task in ("one", "two")
        for name, own in costs.items()
        for seed, cost in enumerate(own)
    ]
    records += [make_record(make_cell("one", "special", seed), (1.0,) * 3, facts) for seed in range(2)]
    found = rows("gains", records)
    assert {(row["task"], row["baseline"]) for row in found} == {("one", "x"), ("two", "x")}
    assert found[0]["gain"] == pytest.approx(0.125)
    assert found[0]["gain_low"] < 0.125 < found[0]["gain_high"]


def test_gains_that_nobody_could_read_are_left_out_with_the_reason(monkeypatch):
    monkeypatch.setattr("benchmark.reporting.figures.gains.MOST_MARKS", 3)
    with pytest.raises(Missing, match="it would have 4 marks, of which nobody could read more than 3"):
        rows("gains", full_records(["one", "two"]))


def test_the_critical_difference_is_that_of_demsar():
    assert critical_difference(4, 10) == pytest.approx(2.569 * (4 * 5 / 60) ** 0.5, abs=1e-3)
    assert critical_difference(10, 30) == pytest.approx(3.164 * (10 * 11 / 180) ** 0.5, abs=1e-3)


def test_bars_join_the_longest_stretches_of_like_ranks_and_never_one_alone():
    assert alike([1.0, 1.5, 2.2, 4.0], 1.0) == [(0, 1), (1, 2)]
    assert alike([1.0, 1.2, 1.4], 1.0) == [(0, 2)]
    assert alike([1.0, 3.0], 1.0) == []


def test_ranks_have_a_critical_difference_from_eight_tasks_on():
    seven, eight = ([f"task_{number}" for number in range(count)] for count in (7, 8))
    assert rows("ranks", full_records(seven))[0]["critical_difference"] is None
    assert rows("ranks", full_records(eight))[0]["critical_difference"] == pytest.approx(critical_difference(3, 8))


def test_the_performance_profile_needs_two_tasks():
    with pytest.raises(Missing, match="two tasks"):
        rows("performance_profile", full_records(["one"]))


def test_a_task_without_a_finite_process_likelihood_shows_its_metric_against_distinct_samples():
    records = full_records(["one"])
    found = rows("quality_diversity", records)
    assert {row["diversity_measure"] for row in found} == {"NLL of data"}
    renamed = [
        record.model_copy(
            update={
                "measures": {
                    name.replace("oracle_nll", "quality").replace("data_nll", "distinct_prefixes"): measure
                    for name, measure in record.measures.items()
                }
            }
        )
        for record in records
    ]
    found = rows("quality_diversity", renamed)
    assert {row["diversity_measure"] for row in found} == {"distinct beginnings"}
    assert {row["quality_measure"] for row in found} == {"accuracy"}


def test_ticks_are_kept_from_the_last_one_down_so_that_they_stay_apart():
    assert ticks_apart([1, 2, 4, 8, 16], 5) == [1, 2, 4, 8, 16]
    assert ticks_apart([1, 2, 3, 4, 8, 16, 32, 64], 3) == [1, 4, 16, 64]


def test_an_arrow_stays_with_the_last_word_of_a_label():
    assert wrapped("phoneme error rate ↓", 18) == "phoneme error rate ↓"
    assert wrapped("digit accuracy (share) $x$", 14) == "digit accuracy\n(share) \\$x\\$"


def test_a_label_breaks_before_its_unit_where_both_parts_fit():
    assert wrapped("KL(P||Q) (nats per token) ↓") == "KL(P||Q)\n(nats per token) ↓"
    assert wrapped("invalid rate (share of own tokens) ↓") == "invalid rate (share\nof own tokens) ↓"
    assert wrapped("lag (tokens)") == "lag (tokens)"


def test_a_damaged_throughput_file_counts_as_none(tmp_path):
    assert read_throughput(tmp_path) == []
    (tmp_path / "throughput.json").write_text("[1")
    assert read_throughput(tmp_path) == []
    (tmp_path / "throughput.json").write_text(json.dumps({"rows": [{"model": "gru"}]}))
    assert read_throughput(tmp_path) == [{"model": "gru"}]


def test_a_venue_gives_its_widths_and_no_larger_text():
    pytest.importorskip("tueplots", reason="needs the extra `paper`")
    sheet = sheet_of("icml2024", ())
    assert (sheet.column, sheet.page) == (3.25, 6.75)
    assert sheet.text["legend.fontsize"] == 6
    assert "neurips2024" in venues()


def test_a_control_is_far_off_where_all_lines_would_be_flat_beside_it():
    assert far_off({"floor": 0.4, "ceiling": 0.0}, [0.03, 0.05, float("nan")]) == {"floor"}
    assert far_off({"floor": 0.0, "ceiling": 1.0}, [0.3, 0.6]) == set()


def test_a_legend_takes_few_lines_and_breaks_labels_that_keep_columns_from_standing_side_by_side():
    short = ["teacher forcing", "free running", "reinforce"]
    assert arranged(short, 3.3) == (short, 3, 1)
    long = [*(f"another method {number}" for number in range(9)), "scheduled sampling: end=0.5, coin=sequence"]
    texts, columns, lines = arranged(long, 3.3)
    assert (texts[:9], columns, lines) == (long[:9], 2, 6)
    assert texts[9] == "scheduled sampling:\nend=0.5, coin=sequence"
