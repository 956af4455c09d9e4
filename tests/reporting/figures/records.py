"""Records that have all that the figures show."""

from collections.abc import Sequence

from benchmark.running.record import Record
from benchmark.values import Measure, Point
from tests.factories import make_cell, make_record

METHODS = ("teacher_forcing", "scheduled_sampling", "reinforce")
_LAGS = (1, 2, 4, 8, 16, 32)
_TEMPERATURES = ("0.5", "0.7", "0.85", "1", "1.2")


def full_records(tasks: Sequence[str], methods: Sequence[str] = METHODS, seeds: int = 2) -> list[Record]:
    return [
        _full(make_record(make_cell(task, method, seed), quality), number, quality)
        for task in tasks
        for number, method in enumerate(methods)
        for seed in range(seeds)
        for quality in [(0.9 - 0.02 * number, 0.7 + 0.01 * seed, 0.5 - 0.03 * number)]
    ]


def _full(record: Record, number: int, quality: tuple[float, ...]) -> Record:
    free = record.curves["free_running"]
    curves = {
        "gap": [_at(point.low, point.high, 0.1 + 0.1 * place) for place, point in enumerate(free)],
        "survival": [_at(point.low, point.high, 0.8**point.high) for point in free],
        "grid_gold_TV": [_at(point.low, point.high, 0.05) for point in free],
        "grid_own_TV": [_at(point.low, point.high, 0.05 * (1 + place)) for place, point in enumerate(free)],
        "right_after_gold_prefix": [_at(lag, lag, quality[0]) for lag in _LAGS],
        "right_after_random_slip": [_at(lag, lag, quality[0] - 0.3 / lag) for lag in _LAGS],
        "learning": [_at(updates, updates, quality[0] * updates / 16) for updates in (1, 2, 4, 8, 16)],
    }
    values = {"error_rate_after_good": 0.1, "error_rate_after_bad": 0.4 + 0.02 * number}
    values |= {f"oracle_nll_at_temperature_{value}": 1 + float(value) + 0.1 * number for value in _TEMPERATURES}
    values |= {f"data_nll_at_temperature_{value}": 2 + (1 - float(value)) ** 2 for value in _TEMPERATURES}
    measures = {
        name: Measure(value=value, unit="share", direction="lower", reason="") for name, value in values.items()
    }
    changes = {
        "measures": record.measures | measures,
        "curves": record.curves | curves,
        "spent": record.spent | {"evaluations": 1e5 * (1 + number)},
        "provenance": {"commit": "0123456789ab"},
    }
    return record.model_copy(update=changes)


def _at(low: int, high: int, value: float) -> Point:
    return Point(low=low, high=high, value=value)


def throughput_rows() -> list[dict]:
    """Two models, two paths and generation, at three lengths."""
    machine = {
        "gemm_peak": 2e11,
        "memory_bandwidth": 3e10,
        "cache_bandwidth": 9e10,
        "read_bandwidth": 2e10,
        "bytes_read_per_column": 1e3,
    }
    return [
        {"model": model, "path": path, "length": length, "batch": 8, "flop_per_byte": 5.0, "flop_per_cpu_second": 5e10}
        | machine
        | {"tokens_per_cpu_second": 1e4 / (1 + number), "cpu_milliseconds": length * 10.0}
        | {"cost_over_teacher_forcing": 1.0 + number, "reason": ""}
        for model in ("gru", "transformer")
        for number, path in enumerate(("teacher_forcing", "scheduled_sampling_stepwise", "generation"))
        for length in (32, 128, 512)
    ]
