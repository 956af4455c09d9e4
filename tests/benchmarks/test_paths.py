"""Timings of the training paths, for `pytest -m benchmark --benchmark-enable`."""

import pytest

from benchmark.checking.throughput import training_updates
from tests.factories import MODELS

pytestmark = pytest.mark.benchmark
PATHS = (
    "teacher_forcing",
    "scheduled_sampling_two_phase",
    "scheduled_sampling_passes",
    "scheduled_sampling_stepwise",
    "reinforce",
    "generation",
)


@pytest.mark.parametrize("length", [32, 128])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model_class", MODELS)
def test_an_update(benchmark, model_class, path, length):
    update = training_updates(model_class, length, batch_size=2048 // length)[path]
    benchmark.pedantic(update, rounds=3, warmup_rounds=1)
