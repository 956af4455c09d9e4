"""Many records at little cost: the records of three real cells, renamed and shaken."""

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.running.record import Record
from benchmark.running.store import Store

REFERENCE = "teacher_forcing"


def write_records(store: Store, templates: Sequence[Record], tasks: int, models: int, methods: int, seeds: int) -> int:
    """Fill a store with `tasks * models * methods * seeds` records, each as large as its template; return how many.

    Every value is its template's plus a normal effect of the method and of the seed, a tenth of its size.
    """
    generator = np.random.default_rng(0)
    places = list(product(range(tasks), range(models)))
    for number, (task, model) in enumerate(places):
        content = json.loads(templates[number % len(templates)].to_json())
        content["cell"]["task"]["name"], content["cell"]["model"]["name"] = f"task_{task}", f"model_{model}"
        for method in range(methods):
            content["cell"]["baseline"]["name"] = f"method_{method}" if method else REFERENCE
            effect = 1 + 0.1 * generator.normal()
            for seed in range(seeds):
                content["cell"]["seed"] = seed
                factor = float(effect + 0.1 * generator.normal())
                _write(store, _shaken(content, factor))
    return len(places) * methods * seeds


def _shaken(content: dict[str, Any], factor: float) -> dict[str, Any]:
    measures = {
        name: measure if measure["value"] is None else measure | {"value": measure["value"] * factor}
        for name, measure in content["measures"].items()
    }
    curves = {
        name: [point if point["value"] is None else point | {"value": point["value"] * factor} for point in curve]
        for name, curve in content["curves"].items()
    }
    return content | {"measures": measures, "curves": curves}


def _write(store: Store, content: dict[str, Any]) -> None:
    """Write a record without the checks and the flushing to disk that one of a run is worth."""
    record = Record.model_validate_json(json.dumps(content))
    path: Path = store.path(record.cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(record.to_json(), encoding="utf-8")
