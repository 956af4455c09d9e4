"""Timings of the training paths, for `pytest -m benchmark --benchmark-enable`."""

import pytest

from benchmark.checking.training_paths import PATHS, prepare, training_updates
from tests.factories import MODELS

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("length", [32, 128])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model_class", MODELS)
def test_an_update(benchmark, model_class, path, length):
    update = training_updates(*prepare(model_class, length, 2048 // length))[path]
    benchmark.pedantic(update, rounds=3, warmup_rounds=1)
