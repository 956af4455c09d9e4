"""The laser: the recording and its split are pinned, and the linear control."""

import numpy as np
import pytest
import torch

from benchmark.contracts import Output, stream
from tasks import laser
from tasks.laser import Laser, LaserLong

SETTINGS = [Laser(), LaserLong()]
LONGEST, PREFIX = Laser.curve.longest, Laser.prefix

pytestmark = pytest.mark.skipif(bool(Laser.missing()), reason=Laser.missing())


def intensities(task, split) -> list[int]:
    values = task.series(split)[0, :, 0].double() * laser._DEVIATION + laser._MEAN
    return values.round().long().tolist()


def test_the_recording_and_the_split_are_pinned():
    assert intensities(Laser(), "train")[:8] == [86, 141, 95, 41, 22, 21, 32, 72]
    sizes = [[task.series(split).shape[1] for split in ("train", "validation", "test")] for task in SETTINGS]
    assert sizes == [[1000, 950, 4043], [5000, 950, 4043]]


def test_the_splits_are_stretches_of_the_recording_with_gaps_of_fifty_points():
    assert laser._DATA.place
    recording = np.load(laser._DATA.place)[:, 0].tolist()
    for task in SETTINGS:
        train = intensities(task, "train")
        assert train == recording[: len(train)]
        assert intensities(task, "validation") == recording[5050:6000]
        assert intensities(task, "test") == recording[6050:]


def test_the_training_points_are_standardised():
    series = Laser().series("train").double()
    assert float(series.mean()) == pytest.approx(0, abs=1e-4)
    assert float(series.std(correction=0)) == pytest.approx(1, abs=1e-4)


def test_test_windows_begin_at_thousands_of_points():
    """The competition had one; the same windows are drawn for both settings."""
    one, other = (task.sample("test", 10**6, (LONGEST, LONGEST), stream("all")) for task in SETTINGS)
    assert len(one) == 4043 - PREFIX - LONGEST + 1
    assert torch.equal(one.tokens, other.tokens)


@pytest.mark.parametrize("task", SETTINGS, ids=lambda task: task.name)
def test_the_frozen_controls_are_what_their_forecasts_reach(task):
    """An autoregression on 40 values and a constant, fitted to the training points by least squares."""
    train = task.series("train")[0, :, 0].double().unfold(0, 41, 1)  # [N, 41]
    ones = torch.ones(len(train), 1)
    weights = torch.linalg.lstsq(torch.cat([train[:, :40], ones], 1), train[:, 40:]).solution[:, 0]
    batch = task.sample("test", 10**6, (LONGEST, LONGEST), stream("all"))
    values = batch.tokens[..., 0].double()
    on_gold = values[:, :-1].unfold(1, 40, 1) @ weights[:40] + weights[40]  # [B, L]
    free = values[:, :PREFIX]
    for _ in range(LONGEST):
        free = torch.cat([free, (free[:, -40:] @ weights[:40] + weights[40])[:, None]], 1)
    found = {
        "persistence": nmse(task, batch, values[:, PREFIX - 1, None].expand(-1, LONGEST)),
        "AR(40) on gold prefixes": nmse(task, batch, on_gold),
        "AR(40) run freely": nmse(task, batch, free[:, PREFIX:]),
    }
    assert found == pytest.approx(task.controls, abs=0.005)
    assert nmse(task, batch, torch.zeros(len(batch), LONGEST)) == pytest.approx(task.floor, abs=0.001)


def nmse(task, batch, forecast) -> float:
    """The task's own metric of a forecast [B, L]."""
    tokens = torch.cat([batch.tokens[:, :PREFIX], forecast.float()[..., None]], 1)
    score = task.score(batch, Output(tokens, batch.own, tokens, torch.zeros(len(batch), dtype=torch.bool)))
    return task.metric.figure((score.value * score.weight).sum() / score.weight.sum())
