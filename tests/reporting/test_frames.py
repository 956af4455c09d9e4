"""`benchmark.load`: records as tidy frames, whose columns are what their description says."""

import subprocess
import sys
from dataclasses import fields

import pandas as pd
import pytest

import benchmark
from benchmark.errors import UsageError
from benchmark.reporting.board import make_board
from benchmark.reporting.frames import COLUMNS, Results, to_frames
from benchmark.running.record import Record
from benchmark.running.store import Store
from benchmark.values import Point
from tests.factories import make_cell, make_record


def some_records() -> list[Record]:
    """Two methods, two seeds each, one of which failed; with a training log and a learning curve."""
    made = []
    for baseline in ("teacher_forcing", "scheduled_sampling"):
        for seed in range(2):
            record = make_record(make_cell(baseline=baseline, seed=seed), (0.9, 0.6, 0.1 * (seed + 1)))
            curves = record.curves | {"learning": [Point(1, 1, 0.3), Point(2, 2, None)], "hazard": [Point(1, 4, 0.2)]}
            log: list[dict[str, float | None]] = [{"update": 1.0, "nll": 2.5, "objective": None}]
            made.append(record.model_copy(update={"curves": curves, "training_log": log}))
    return [*made[:3], Record(cell=made[3].cell, status="diverged", reason="the objective is nan at update 2")]


@pytest.fixture
def results(tmp_path) -> Results:
    store = Store(tmp_path)
    for record in some_records():
        store.save(record)
    return benchmark.load(str(tmp_path))


def test_every_frame_has_the_columns_that_are_documented_with_their_types(results):
    for name in (field.name for field in fields(results)):
        frame = getattr(results, name)
        assert dict(frame.dtypes.astype(str)) == {column: about.dtype for column, about in COLUMNS[name].items()}
        assert len(frame)
    described = results.describe()
    assert set(described.frame) == set(COLUMNS)
    assert described.about.str.len().gt(0).all()
    units = described[described.dtype == "float64"].unit
    assert units.str.len().gt(0).all()  # no number without a unit


def test_a_unit_that_a_column_holds_is_the_name_of_that_column(results):
    for columns in COLUMNS.values():
        held = {about.unit for about in columns.values()} & {"unit", "axis_unit"}
        assert held <= columns.keys() | {"axis_unit"}
    assert "axis_unit" in COLUMNS["runs"]
    assert "axis_unit" in COLUMNS["curves"]


def test_means_over_the_frames_are_those_of_the_board(results):
    board = {row["baseline"]: row for row in make_board(some_records())}
    quality = results.measures.query("measure == 'free_running'").groupby("baseline", observed=True).value.mean()
    assert quality.to_dict() == {name: row["free_running"] for name, row in board.items()}
    curve = results.curves.query("curve == 'free_running' and baseline == 'teacher_forcing'")
    by_length = curve.groupby(["low", "high"]).value.mean().reset_index().itertuples(index=False, name=None)
    rows = board["teacher_forcing"]["by_length"]
    assert list(by_length) == [(row["low"], row["high"], row["free_running"]) for row in rows]


def test_a_failed_cell_is_a_run_with_its_reason_and_no_value(results):
    failed = results.runs.query("status != 'ok'")
    assert failed.reason.tolist() == ["the objective is nan at update 2"]
    assert failed.updates.isna().all()
    assert not set(failed.key) & (set(results.measures.key) | set(results.curves.key) | set(results.learning.key))


def test_the_learning_curve_and_the_training_log_stand_in_one_frame(results):
    cell = results.learning.query("baseline == 'teacher_forcing' and seed == 0").set_index(["figure", "update"]).value
    assert cell["free_running", 1] == 0.3
    assert cell["nll", 1] == 2.5
    assert pd.isna(cell["free_running", 2])
    assert pd.isna(cell["objective", 1])
    assert "learning" not in set(results.curves.curve)


def test_the_order_of_the_records_does_not_matter():
    forth, back = to_frames(some_records()), to_frames(some_records()[::-1])
    pd.testing.assert_frame_equal(forth.curves, back.curves)
    pd.testing.assert_frame_equal(forth.runs, back.runs)


def test_positions_and_lags_are_told_apart_from_the_axis_of_the_task():
    record = some_records()[0]
    assert record.facts
    lengths = record.facts.model_copy(update={"axis": "length", "axis_unit": "phonemes"})
    curves = record.curves | {"right_after_healed": [Point(1, 1, 0.5)]}
    frame = to_frames([record.model_copy(update={"facts": lengths, "curves": curves})]).curves
    axes = frame.drop_duplicates("curve").set_index("curve")[["axis", "axis_unit"]]
    assert tuple(axes.loc["free_running"]) == ("length", "phonemes")
    assert tuple(axes.loc["hazard"]) == ("position", "own tokens")
    assert tuple(axes.loc["right_after_healed"]) == ("lag", "steps")


def test_a_curve_that_no_measure_is_named_like_has_the_unit_of_its_kind():
    record = some_records()[0]
    units = {
        "entropy_own": "nats per token",
        "grid_own_KL(P||Q)": "nats per token",
        "grid_gold_JSD": "nats per token",
        "grid_own_TV": "total variation",
        "exposure_ratio_TV": "ratio, own over gold prefixes",
        "marginal_ratio_TV": "ratio, own over gold prefixes",
        "survival": "share of runs",
        "hazard": "share of runs without an error so far",
        "self_recovery": "share right",
        "right_after_own_prefix": "share right",
        "quality_by_lag": "share of labels",  # that of the task's metric
        "nrmse_by_lead": "standard deviations",
        "reply_nll_after_own_turns": "nats per own token",
        "of_a_plugin": "",
    }
    curves = {name: [Point(1, 1, 0.5)] for name in units} | {"gap": [Point(1, 4, 0.1)]}
    frame = to_frames([record.model_copy(update={"curves": curves})]).curves
    assert dict(zip(frame.curve, frame.unit, strict=True)) == units | {"gap": record.measures["gap"].unit}


def test_a_damaged_file_is_named_and_the_others_are_loaded(tmp_path):
    store = Store(tmp_path)
    paths = [store.save(record) for record in some_records()]
    paths[0].write_text("{")
    with pytest.warns(UserWarning, match=paths[0].name):
        assert len(benchmark.load(tmp_path).runs) == 3


def test_a_folder_without_records_is_an_error_that_says_what_makes_them(tmp_path):
    with pytest.raises(UsageError, match="`ebb run --out"):
        benchmark.load(tmp_path)


def loaded_after(statements: str, *names: str) -> str:
    code = f"import sys; {statements}; print([name for name in {names} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_loads_nothing_else_and_loading_no_torch():
    assert loaded_after("import benchmark", "torch", "pandas", "numpy", "pydantic") == "[]"
    assert loaded_after("import benchmark.reporting.frames", "torch", "pandas", "pydantic") == "['pydantic']"
