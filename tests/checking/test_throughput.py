"""The throughput harness: all paths, the promised fields, and ratios that make sense."""

import json

import pytest
import torch

from benchmark.checking import training_paths
from benchmark.checking.machine import flops_per_evaluation
from benchmark.checking.peers import PEERS, missing_peers, peer_updates
from benchmark.checking.symbols import Symbols
from benchmark.checking.throughput import Plan, measure
from benchmark.checking.training_paths import PATHS
from benchmark.cli.main import execute
from benchmark.contracts import stream
from benchmark.learning.loop import build_model
from benchmark.reporting.figures.throughput import predicted_seconds
from benchmark.reporting.throughput import TITLES, aims
from tests.factories import MODELS

TINY = {"transformer": {"width": 16, "layers": 1}, "lstm": {"width": 16}, "gru": {"width": 16}}


@pytest.fixture(autouse=True)
def _tiny_models(monkeypatch):
    monkeypatch.setattr(training_paths, "SIZES", TINY)


def test_every_path_of_every_model_is_timed():
    rows = measure(MODELS, Plan([8, 16], tokens=128, repeats=2))
    assert [(row["model"], row["length"], row["path"]) for row in rows] == [
        (model.name, length, path) for model in MODELS for length in (8, 16) for path in PATHS
    ]
    for row in rows:
        assert row["tokens_per_cpu_second"] > 0
        assert 0 < row["share_of_gemm_peak"] < 1
        moved = row["share_of_memory_bandwidth"] * row["memory_bandwidth"]
        assert 0 < moved == pytest.approx(row["bytes_per_cpu_second"])
        assert row["flop_per_byte"] == pytest.approx(row["flop_per_cpu_second"] / row["bytes_per_cpu_second"])
        assert row["peak_memory_bytes"] > 0
        assert row["wall_milliseconds"] > 0
        assert row["batch"] == 128 // row["length"]
        assert (
            row["tokens_per_cpu_second_least"] <= row["tokens_per_cpu_second"] <= row["tokens_per_cpu_second_greatest"]
        )
    assert all(row["cost_over_teacher_forcing"] == 1 for row in rows if row["path"] == "teacher_forcing")


def test_the_work_of_a_token_is_that_of_the_weights_and_of_attention():
    task = Symbols()
    model = build_model(MODELS[0], task, {"width": 16, "layers": 2}, seed=0)
    block = 3 * 16 * 16 + 16 * 16 + 2 * 4 * 16 * 16
    symbols = task.space.size
    assert flops_per_evaluation(model, 32) == 2 * (2 * block + 16 * symbols) + 2 * 2 * 16 * 32


def test_a_path_that_does_not_fit_in_memory_says_so(monkeypatch):
    monkeypatch.setattr(training_paths, "_MEMORY_SHARE", 0.0)
    rows = measure(MODELS[:1], Plan([8], tokens=64, repeats=1))
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
    found = json.loads(capsys.readouterr().out)
    rows = found["rows"]
    assert {"model", "path", "length", "batch", "tokens_per_cpu_second", "cost_over_teacher_forcing"} <= rows[0].keys()
    assert json.loads((tmp_path / "throughput.json").read_text()) == found
    drawn = ("throughput", "cost_over_teacher_forcing", "roofline")
    for name in drawn:
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert execute([*arguments, "--out", str(tmp_path)]) == 0
    assert "cost over teacher forcing" in capsys.readouterr().out


def test_chosen_paths_lengths_and_batches_are_timed_and_no_other():
    rows = measure(MODELS[2:], Plan([4, 8], batches=[2, 3], repeats=1, paths=["generation"]))
    assert [(row["length"], row["batch"], row["path"]) for row in rows] == [
        (length, batch, path) for length in (4, 8) for batch in (2, 3) for path in ("teacher_forcing", "generation")
    ]


def test_a_ratio_is_compared_with_its_bound_where_both_paths_were_timed():
    def row(path, speed, model="transformer", length=128):
        return {"model": model, "path": path, "length": length, "batch": 64, "tokens_per_cpu_second": speed}

    rows = [row("generation", 180.0), row("transformers_generation", 100.0), row("teacher_forcing", 90.0)]
    rows += [row("scheduled_sampling_two_phase", 40.0), row("torch_training", 10.0, length=32)]
    assert [(aim["ratio"], aim["holds"]) for aim in aims(rows)] == [(1.8, True), (2.25, False)]


def test_generation_is_predicted_to_be_linear_without_a_prefix_to_read_and_quadratic_with_it():
    linear = {"length": 10, "cpu_milliseconds": 50.0, "bytes_read_per_column": 0, "read_bandwidth": 1e3}
    assert predicted_seconds(linear, 40) == pytest.approx(0.2)
    reads = linear | {"bytes_read_per_column": 1, "cpu_milliseconds": 1e3 * (0.05 + 10 * 11 / 2 / 1e3)}
    assert predicted_seconds(reads, 10) == pytest.approx(reads["cpu_milliseconds"] / 1e3)
    assert predicted_seconds(reads, 40) == pytest.approx(0.2 + 40 * 41 / 2 / 1e3)


def test_peers_that_are_installed_train_and_generate_and_the_others_are_named():
    task = Symbols()
    batch = task.sample("train", 8, (6, 6), stream("peers"))
    with torch.random.fork_rng(devices=[]):
        updates = peer_updates(batch, task.space.size, {"width": 16, "layers": 1, "heads": 2})
    assert set(updates) <= set(TITLES)
    assert {peer for peer in PEERS if any(name.startswith(f"{peer}_") for name in updates)} == set(PEERS) - set(
        missing_peers()
    )
    with torch.random.fork_rng(devices=[]):
        for update in updates.values():
            update()
