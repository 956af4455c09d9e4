"""One thread, as in the runs themselves; and a place for records."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("ebb", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ebb")


@pytest.fixture(autouse=True)
def _global_generator_is_untouched():
    """Nothing in the suite may draw from the process's own generator."""
    before = torch.random.get_rng_state()
    yield
    assert torch.equal(before, torch.random.get_rng_state()), "the global generator was touched"
