"""What a method reduces to, it is: bit for bit on one thread."""

import pytest
import torch

from benchmark.checking.probes import probes
from benchmark.contracts.registry import Registry
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation

REGISTRY = Registry()
BASELINES = [entry.name for entry in REGISTRY.of("baselines")]
REDUCTIONS = [
    (name, it.to, it.at) for name in BASELINES for it in REGISTRY.baseline(name).reduces_to if it.same_operations
]


def weights(baseline: str, probe_of: str = "", **knobs) -> torch.Tensor:
    """Trained weights on the main probe of a method, its own if no other is named."""
    task = probes(REGISTRY, REGISTRY.baseline(probe_of or baseline)())[0]
    model = build_model(GRU, task, {"width": 8, "dropout": 0.2}, seed=0)
    train(model, task, REGISTRY.baseline(baseline)(**knobs), Budget(updates=6), Optimisation(batch=8), seed=0)
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize(("name", "other", "knobs"), REDUCTIONS)
def test_a_method_is_what_it_reduces_to(name, other, knobs):
    assert torch.equal(weights(name, **knobs), weights(other, probe_of=name))


def test_every_step_wise_method_declares_a_reduction_or_has_no_knob():
    for name in BASELINES:
        baseline = REGISTRY.baseline(name)
        assert baseline.path == "parallel" or baseline.reduces_to or not baseline.declared_knobs()


@pytest.mark.parametrize(
    ("knob", "values"),
    [("end", (0.0, 0.9)), ("schedule", ("linear", "exponential", "inverse_sigmoid", "constant")),
     ("coin", ("token", "sequence")), ("draw", ("sample", "greedy"))],
)  # fmt: skip
def test_every_knob_of_scheduled_sampling_is_alive(knob, values):
    results = [weights("scheduled_sampling", **{knob: value}) for value in values]
    assert all(not torch.equal(one, other) for i, one in enumerate(results) for other in results[:i])
