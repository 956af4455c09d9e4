"""Boards and figures from records alone."""

import json
import subprocess
import sys

import pytest

from benchmark.reporting.board import make_board
from benchmark.reporting.tables import to_json, to_markdown, write_board
from benchmark.running.record import Record
from benchmark.settings import Budget
from benchmark.values import Measure
from tests.factories import FACTS, make_cell, make_record


def three_seeds(baseline="teacher_forcing", shift=0.0, **knobs) -> list[Record]:
    cells = [make_cell(baseline=baseline, seed=seed, **knobs) for seed in range(3)]
    return [make_record(cell, (0.9 + shift, 0.6, 0.1 * (seed + 1))) for seed, cell in enumerate(cells)]


def test_a_row_is_the_mean_over_seeds_with_its_interval():
    row = make_board(three_seeds())[0]
    assert row["seeds"] == 3
    assert row["by_length"][2]["free_running"] == pytest.approx(0.2)
    assert row["by_length"][2]["free_running_high"] == pytest.approx(0.2 + 0.1 * 4.30265 / 3**0.5, abs=1e-4)
    assert row["status"] == {"ok": 3}
    assert row["horizon_50"] == pytest.approx(8 * 2 ** (0.1 / 0.4))


def test_rows_are_ranked_by_the_metrics_direction():
    better, worse = three_seeds("better", shift=0.05), three_seeds("worse")
    assert [row["baseline"] for row in make_board(worse + better)] == ["better", "worse"]
    lower = FACTS.model_copy(update={"direction": "lower"})
    flipped = [record.model_copy(update={"facts": lower}) for record in worse + better]
    assert [row["baseline"] for row in make_board(flipped)] == ["worse", "better"]


def test_failed_cells_are_counted_and_never_averaged():
    ok = three_seeds()[:2]
    failed = Record(cell=make_cell(seed=2), status="diverged", reason="the objective is nan at update 2")
    row = make_board([*ok, failed])[0]
    assert row["seeds"] == 2
    assert row["status"] == {"diverged": 1, "ok": 2}
    assert row["reasons"] == ["the objective is nan at update 2"]


def test_a_row_without_any_ok_cell_stands_last_and_is_still_a_row():
    failed = [Record(cell=make_cell(baseline="a", seed=0), status="timeout", reason="took longer than 1 s")]
    rows = make_board(failed + three_seeds("b"))
    assert [row["baseline"] for row in rows] == ["b", "a"]
    assert rows[1]["free_running"] is None
    assert "1 timeout" in to_markdown(rows)


def test_rows_that_would_share_a_name_are_told_apart_by_their_settings():
    rows = make_board(three_seeds(end=0.0) + three_seeds(end=0.5))
    assert {row["baseline"] for row in rows} == {"teacher_forcing:end=0.0", "teacher_forcing:end=0.5"}
    cells = [record.cell.model_copy(update={"budget": Budget(updates=9)}) for record in three_seeds()]
    longer = [make_record(cell) for cell in cells]
    labels = {row["baseline"] for row in make_board(three_seeds() + longer)}
    assert labels == {"teacher_forcing:budget.updates=2", "teacher_forcing:budget.updates=9"}


def test_the_json_has_the_promised_fields():
    rows = json.loads(to_json(make_board(three_seeds())))["rows"]
    promised = {
        "task", "model", "baseline", "metric", "direction", "axis", "free_running", "gold_prefix", "gap", "horizon_50",
        "by_length", "seeds", "status", "free_running_low", "free_running_high", "gap_low", "gap_high",
    }  # fmt: skip
    assert promised <= rows[0].keys()
    assert {"low", "high", "free_running", "gold_prefix"} <= rows[0]["by_length"][0].keys()


def test_a_board_is_written_and_byte_identical_when_made_again(tmp_path):
    rows = make_board(three_seeds() + three_seeds("other", shift=-0.2))
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        paths = write_board(rows, folder)
        assert [path.name for path in paths] == ["leaderboard.md", "leaderboard.csv", "leaderboard.json"]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]


def test_reports_need_no_torch(tmp_path):
    code = (
        "import sys, benchmark.reporting.board, benchmark.reporting.tables, benchmark.reporting.report,"
        "benchmark.running.store, benchmark.cli.main; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_infinite_measure_is_shown_as_infinite_and_not_as_missing():
    infinite = Measure(value=None, unit="nats", direction="lower", reason="infinite")
    finite = Measure(value=0.5, unit="nats", direction="lower", reason="")
    records = [
        record.model_copy(update={"measures": record.measures | {"regret": finite, "sequence_kl_reverse": infinite}})
        for record in three_seeds()
    ]
    row = make_board(records)[0]
    assert row["sequence_kl_reverse"] is None
    assert row["sequence_kl_reverse_reason"] == "infinite"
    assert "| infinite |" in to_markdown([row])
