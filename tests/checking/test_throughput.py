"""The throughput harness: all paths, the promised fields, and ratios that make sense."""

import json

import pytest

from benchmark.checking import throughput
from benchmark.checking.machine import flops_per_evaluation
from benchmark.cli.main import execute
from tests.factories import MODELS

PATHS = [
    "teacher_forcing",
    "scheduled_sampling_two_phase",
    "scheduled_sampling_passes",
    "scheduled_sampling_stepwise",
    "reinforce",
    "generation",
]
TINY = {"transformer": {"width": 16, "layers": 1}, "lstm": {"width": 16}, "gru": {"width": 16}}


@pytest.fixture(autouse=True)
def _tiny_models(monkeypatch):
    monkeypatch.setattr(throughput, "SIZES", TINY)


def test_every_path_of_every_model_is_timed():
    rows = throughput.measure(MODELS, [8, 16], tokens=128, repeats=2)
    assert [(row["model"], row["length"], row["path"]) for row in rows] == [
        (model.name, length, path) for model in MODELS for length in (8, 16) for path in PATHS
    ]
    for row in rows:
        assert row["tokens_per_cpu_second"] > 0
        assert 0 < row["share_of_gemm_peak"] < 1
        assert row["batch"] == 128 // row["length"]
        assert (
            row["tokens_per_cpu_second_least"] <= row["tokens_per_cpu_second"] <= row["tokens_per_cpu_second_greatest"]
        )
    assert all(row["cost_over_teacher_forcing"] == 1 for row in rows if row["path"] == "teacher_forcing")


def test_the_work_of_a_token_is_that_of_the_weights_and_of_attention():
    task = throughput.Symbols()
    model = throughput.build_model(MODELS[0], task, {"width": 16, "layers": 2}, seed=0)
    block = 3 * 16 * 16 + 16 * 16 + 2 * 4 * 16 * 16
    symbols = task.space.size
    assert flops_per_evaluation(model, 32) == 2 * (2 * block + 16 * symbols) + 2 * 2 * 16 * 32


def test_a_path_that_does_not_fit_in_memory_says_so(monkeypatch):
    monkeypatch.setattr(throughput, "_MEMORY_SHARE", 0.0)
    rows = throughput.measure(MODELS[:1], [8], tokens=64, repeats=1)
    row = next(row for row in rows if row["path"] == "scheduled_sampling_stepwise")
    assert row["tokens_per_cpu_second"] is None
    assert row["reason"].startswith("its graph needs")
    assert len(rows) == len(PATHS)


def test_the_command_prints_json_and_writes_a_figure(capsys, tmp_path):
    arguments = [
        "throughput",
        "--models",
        "gru",
        "--lengths",
        "8",
        "--lengths",
        "16",
        "--tokens",
        "64",
        "--repeats",
        "1",
    ]
    assert execute([*arguments, "--json", "--out", str(tmp_path)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"model", "path", "length", "batch", "tokens_per_cpu_second", "cost_over_teacher_forcing"} <= rows[0].keys()
    assert json.loads((tmp_path / "throughput.json").read_text()) == rows
    assert (tmp_path / "figures" / "throughput.png").read_bytes().startswith(b"\x89PNG")
    assert execute([*arguments, "--out", str(tmp_path)]) == 0
    assert "cost over teacher forcing" in capsys.readouterr().out
