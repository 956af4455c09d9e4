"""Methods against teacher forcing on the board, and the A/A control."""

from benchmark.reporting.board import make_board
from benchmark.reporting.tables import sections, to_markdown
from benchmark.running.record import Record
from benchmark.values import Measure
from tests.factories import FACTS, make_cell, make_record


def arm(baseline: str, values: list[float], replicate: int = 0, direction: str = "higher") -> list[Record]:
    facts = FACTS.model_copy(update={"direction": direction})
    cells = [make_cell(baseline=baseline, seed=seed) for seed in range(len(values))]
    cells = [cell.model_copy(update={"replicate": replicate}) for cell in cells]
    return [make_record(cell, (value,) * 3, facts) for cell, value in zip(cells, values, strict=True)]


def row_of(baseline: str, records: list[Record]):
    return next(row for row in make_board(records) if row["baseline"] == baseline)


def test_a_gain_is_paired_by_seed_and_positive_where_the_method_is_better():
    reference = arm("teacher_forcing", [0.1, 0.5, 0.3])
    row = row_of("method", reference + arm("method", [0.3, 0.7, 0.5]))
    assert abs(row["gain"] - 0.2) < 1e-12
    assert abs(row["gain_low"] - 0.2) < 1e-9  # every pair differs by the same
    lower = arm("teacher_forcing", [0.5, 0.6], direction="lower") + arm("method", [0.2, 0.4], direction="lower")
    assert row_of("method", lower)["gain"] > 0


def test_teacher_forcing_has_no_gain_over_itself():
    row = row_of("teacher_forcing", arm("teacher_forcing", [0.1, 0.2]) + arm("method", [0.3, 0.7]))
    assert row["gain"] is None
    assert row["gain_p"] is None


def test_three_seeds_give_no_verdict_and_five_may():
    values, better = [0.1, 0.12, 0.11, 0.13, 0.1], [0.5, 0.51, 0.52, 0.5, 0.53]
    three = row_of("method", arm("teacher_forcing", values[:3]) + arm("method", better[:3]))
    assert (three["gain_verdict"], three["gain_note"]) == ("", "3 seeds: direction only, no verdict")
    assert row_of("method", arm("teacher_forcing", values) + arm("method", better))["gain_verdict"] == "better"
    assert row_of("method", arm("teacher_forcing", better) + arm("method", values))["gain_verdict"] == "worse"


def test_only_seeds_that_are_ok_in_both_arms_are_paired():
    records = arm("teacher_forcing", [0.1, 0.2, 0.3]) + arm("method", [0.2, 0.3])
    failed = Record(cell=make_cell(baseline="method", seed=2), status="diverged", reason="the objective is nan")
    assert row_of("method", [*records, failed])["gain_seeds"] == 2


def test_the_control_is_shown_as_a_noise_floor_and_never_tested():
    records = arm("teacher_forcing", [0.1, 0.2, 0.3]) + arm("teacher_forcing", [0.2, 0.2, 0.2], replicate=1)
    row = row_of("teacher_forcing (A/A)", records)
    assert row["gain"] is not None
    assert row["gain_p"] is None
    assert row["gain_note"].startswith("A/A: other weights and data, unpaired")


def test_without_teacher_forcing_in_the_same_place_there_is_nothing_to_compare():
    assert row_of("method", arm("method", [0.2, 0.3]))["gain"] is None
    elsewhere = [make_record(make_cell(task="hmm_language", seed=seed)) for seed in range(2)]
    assert row_of("method", elsewhere + arm("method", [0.2, 0.3]))["gain"] is None


def test_the_contrasts_stand_in_a_table_of_their_own():
    records = arm("teacher_forcing", [0.1, 0.2, 0.3]) + arm("method", [0.2, 0.35, 0.4])
    section = sections(make_board(records))[0]
    assert [len(table.cells) for table in section.tables] == [2, 1]
    assert section.tables[1].columns[1] == "gain"
    assert "3 seeds: direction only, no verdict" in to_markdown(make_board(records))


def at_temperatures(baseline: str, points: dict[str, tuple[float, float]]) -> list[Record]:
    """Two seeds with an NLL of samples and an NLL of data at each temperature."""
    records = arm(baseline, [0.5, 0.5])
    measures = {
        f"{name}_at_temperature_{temperature}": Measure(value=value, unit="nats", direction="lower", reason="")
        for temperature, pair in points.items()
        for name, value in zip(("oracle_nll", "data_nll"), pair, strict=True)
    }
    return [record.model_copy(update={"measures": record.measures | measures}) for record in records]


def test_a_method_is_dominated_where_teacher_forcing_is_better_in_both():
    reference = at_temperatures(
        "teacher_forcing", {"0.5": (1.0, 3.0), "0.7": (1.2, 2.4), "1": (2.0, 2.0), "1.2": (2.5, 2.2)}
    )
    for point, temperatures in (((1.5, 2.5), ["0.7"]), ((2.0, 2.1), ["1"]), ((0.9, 2.5), []), ((2.0, 2.0), [])):
        records = reference + at_temperatures("method", {"1": point})
        assert row_of("method", records)["dominated_at"] == temperatures
    assert row_of("method", arm("teacher_forcing", [0.5]) + arm("method", [0.5]))["dominated_at"] == []
    assert row_of("teacher_forcing", reference)["dominated_at"] == []
