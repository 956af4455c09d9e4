"""The losses of every method are those of its declared version.

A change of a method must come with a new version; then the file is made anew: `python -m tests.baselines.test_golden`.
"""

import json
from pathlib import Path

import pytest

from benchmark.checking.probes import probe, probes
from benchmark.contracts.registry import Registry
from benchmark.learning.loop import build_model, train
from benchmark.models.recurrent import GRU
from benchmark.settings import Budget, Optimisation

GOLDEN = Path(__file__).parents[1] / "golden" / "baselines.json"
BASELINES = {entry.name: entry.version for entry in Registry().of("baselines")}


def objectives(name: str) -> list[float | None]:
    """Objectives of six updates in float64, on a small model."""
    baseline = Registry().baseline(name)()
    task = probe(Registry(), probes(Registry(), baseline)[0], double=True)
    model = build_model(GRU, task, {"width": 8}, seed=0).double()
    training = train(model, task, baseline, Budget(updates=6), Optimisation(batch=8), seed=0)
    return [line["objective"] for line in training.log]


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_losses_are_those_of_the_declared_version(name):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert objectives(name) == pytest.approx(golden.get(f"{name} {BASELINES[name]}"), rel=1e-6), (
        f"the losses of {name} changed: bump its version and run `python -m tests.baselines.test_golden`"
    )


if __name__ == "__main__":
    found = {f"{name} {version}": objectives(name) for name, version in sorted(BASELINES.items())}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
