"""One example from input to result."""

import json
from dataclasses import asdict

import pytest
import torch

from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.learning.loop import build_model
from benchmark.measuring.trace import trace
from benchmark.models.recurrent import GRU
from benchmark.models.transformer import Transformer
from benchmark.reporting.trace import trace_lines
from benchmark.running.planning import Wishes, plan
from benchmark.running.store import Store
from benchmark.running.suites import find_suite
from benchmark.running.traces import load_traces
from benchmark.running.worker import run_cell
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences


def test_a_model_that_always_says_the_same_is_wrong_where_gold_says_otherwise():
    task = CopycatTagging()
    model = build_model(GRU, task, {"width": 8}, 0)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.bias[4] = 5.0
    found = trace(model, task, seed=0, example=3, length=(40, 40))
    assert set(found.own) == {"A"}
    assert found.wrong == [symbol != "A" for symbol in found.gold]
    assert found.first_error == found.wrong.index(True) + 1
    assert all(not found.wrong[position - 1] and found.wrong[position - 2] for position in found.recoveries)
    assert found.on_own == pytest.approx(found.on_gold)
    assert len(found.given) == 40


def test_outputs_of_another_length_than_gold_are_laid_beside_it():
    task = G2pSentences()
    found = trace(build_model(Transformer, task, {"width": 8}, 0), task, seed=0, example=0, length=(1, 8))
    lengths = {len(found.gold), len(found.own), len(found.wrong), len(found.on_own), len(found.on_gold)}
    assert len(lengths) == 1
    assert sum(p is not None for p in found.on_gold) == sum(symbol != "" for symbol in found.gold)
    assert found.given[-1] == "="
    text = "\n".join(line.plain for line in trace_lines(asdict(found)))
    assert "first error at 1" in text or "no error" in text


def test_the_command_trains_the_cell_again_and_draws_the_figure(capsys, tmp_path):
    store = Store(tmp_path)
    job = plan(Registry(), find_suite("smoke"), Wishes(("copycat_tagging",), ("teacher_forcing",)))[0]
    path = store.save(run_cell(job.cell, Registry()))
    assert execute(["trace", str(path), "--example", "2", "--json", "--out", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["gold"]) == 4
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG")
    assert execute(["trace", str(path), "--bucket", "-1", "--out", str(tmp_path)]) == 0
    assert "first error at" in capsys.readouterr().out
    kept = {trace.command for trace in load_traces(store)[0]}
    below = f"{tmp_path.name}/{path.relative_to(tmp_path)}"  # the folder alone: it may lie anywhere
    assert kept == {f"ebb trace {below} --example 2 --bucket 0", f"ebb trace {below} --example 0 --bucket -1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "nowhere.json is not a record; there is no such file"),
        (["RECORD", "--bucket", "9"], "buckets 0 to 6"),
    ],
)
def test_what_cannot_be_traced_is_refused(capsys, tmp_path, arguments, message):
    job = plan(Registry(), find_suite("smoke"), Wishes(("copycat_tagging",), ("teacher_forcing",)))[0]
    record = str(Store(tmp_path).save(run_cell(job.cell, Registry())))
    assert (
        execute(["trace", *[record if word == "RECORD" else word for word in arguments], "--out", str(tmp_path)]) == 2
    )
    assert message in capsys.readouterr().err
