"""The quality of free running and of gold prefixes, by the task's metrics, overall and along its curve."""

import math
import re
from dataclasses import dataclass

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.task import Metric, Score, Task
from benchmark.measuring.evaluated import Evaluated
from benchmark.measuring.quality import by_bucket, figure_of, points
from benchmark.measuring.runs import Runs

_ON_GOLD = "gold_prefix"


@dataclass
class _Scores:
    """Scores of one metric and one way of running, by bucket of the curve."""

    metric: Metric
    buckets: list[list[Score]]

    @property
    def overall(self) -> float:
        return figure_of(self.metric, [score for bucket in self.buckets for score in bucket])

    @property
    def curve(self) -> list[float]:
        return [figure_of(self.metric, bucket) for bucket in self.buckets]


class QualityTally:
    """Collects the scores of the main and the further metrics.

    Enters `free_running`, `gold_prefix` and their `gap` for the main metric, `free_running_<decoding>` for each way of
    decoding, and for each further metric its name, `<name>_gold_prefix` and `<name>_gap`; all as measures and curves.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.scores: dict[tuple[str, str], _Scores] = {}  # by metric and way

    def add(self, runs: Runs) -> None:
        """Score every run."""
        for way, output in (*runs.free.items(), (_ON_GOLD, runs.gold)):
            main, *further = self._judged(runs.batch, output)
            self._enter(way, *main, runs.bucket, output)
            if way in (self.task.decoding, _ON_GOLD):
                for metric, score in further:
                    self._enter(way, metric, score, runs.bucket, output)

    def _judged(self, batch: Batch, output: Output) -> list[tuple[Metric, Score]]:
        metrics = (self.task.metric, *self.task.further_metrics)
        scores = (self.task.score(batch, output), *self.task.further_scores(batch, output))
        return list(zip(metrics, scores, strict=True))

    def _enter(self, way: str, metric: Metric, score: Score, bucket: int | None, output: Output) -> None:
        if way == _ON_GOLD and metric.gold_prefix:
            return
        curve = self.task.curve
        kept = self.scores.setdefault((metric.name, way), _Scores(metric, [[] for _ in curve.buckets]))
        parts = by_bucket(score, self.task.positions(output), curve.buckets) if bucket is None else [score]
        for index, part in enumerate(parts, bucket or 0):
            kept.buckets[index].append(part)

    def put_into(self, result: Evaluated) -> None:
        """Enter measures and curves."""
        main = self.task.metric
        for name, way in self.scores:
            if name == main.name and way != _ON_GOLD:
                self._put_one(result, main, way, f"free_running_{way}")
        self._put_three(result, main, ("free_running", "gold_prefix", "gap"))
        for metric in self.task.further_metrics:
            name = measure_name(metric)
            self._put_three(result, metric, (name, f"{name}_gold_prefix", f"{name}_gap"))

    def _put_three(self, result: Evaluated, metric: Metric, names: tuple[str, str, str]) -> None:
        """Enter free running by the main decoding, gold prefixes, and the gap: positive where free running is worse."""
        free, gold = self._put_one(result, metric, self.task.decoding, names[0]), None
        if not metric.gold_prefix:
            gold = self._put_one(result, metric, _ON_GOLD, names[1])
        sign = 1 if metric.direction == "higher" else -1
        overall, nothing = math.nan, [math.nan] * len(self.task.curve.buckets)
        if gold is None:
            result.put(names[1], overall, metric.unit, metric.direction, metric.gold_prefix)
            result.curves[names[1]] = points(self.task.curve.buckets, nothing)
        else:
            overall = sign * (gold.overall - free.overall)
            nothing = [sign * (one - other) for one, other in zip(gold.curve, free.curve, strict=True)]
        result.put(names[2], overall, metric.unit, "lower", metric.gold_prefix)
        result.curves[names[2]] = points(self.task.curve.buckets, nothing)

    def _put_one(self, result: Evaluated, metric: Metric, way: str, name: str) -> _Scores:
        scores = self.scores[metric.name, way]
        result.put(name, scores.overall, metric.unit, metric.direction)
        result.curves[name] = points(self.task.curve.buckets, scores.curve)
        return scores


def measure_name(metric: Metric) -> str:
    """A metric's name as that of a measure: "word error rate" -> "word_error_rate"."""
    return re.sub(r"\W+", "_", metric.name.lower()).strip("_")
