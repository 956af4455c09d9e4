"""Tuning: the same number of trials for every method, on validation data and on seeds that no result comes from.

Trials of one method on one task follow each other, as each is proposed from those before; different ones run side by
side. Every trial is written down as it ends, so that stopping loses only what runs.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.contracts.knobs import Knob
from benchmark.contracts.streams import stream_seed
from benchmark.fields import shorten
from benchmark.running.cell import Cell
from benchmark.running.engines.engine import Engine
from benchmark.running.record import Record
from benchmark.running.search_space import defaults, suggest
from benchmark.running.trials import read_trials
from benchmark.running.tuned import Tuned

FIRST_SEED = 1_000_000
"""Tuning seeds count from here; those of results count from 0."""


@dataclass
class Study:
    """The trials of a method on a task.

    Attributes:
        cell: with the method's defaults; its seed is of no account.
        higher: whether more of the metric is better.
        seeds: of every trial; its quality is their mean.
        lines: one a trial that has ended.
    """

    cell: Cell
    knobs: dict[str, Knob]
    higher: bool
    path: Path
    seeds: tuple[int, ...] = (FIRST_SEED,)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = stream_seed("tune", self.cell.task.name, self.cell.model.name, self.cell.baseline.name) % 2**32
        self.study = optuna.create_study(
            direction="maximize" if self.higher else "minimize", sampler=optuna.samplers.TPESampler(seed=seed)
        )
        self.study.enqueue_trial(defaults(self.knobs, self.cell.optimisation.learning_rate))
        self._take_up()

    @property
    def fingerprint(self) -> str:
        """What trials must share to be of one study."""
        return json.dumps(self.cell.model_dump(mode="json", exclude={"seed"}), sort_keys=True)

    def _take_up(self) -> None:
        """Go through the trials that are written down once more, so that the next is proposed from them."""
        for line in read_trials(self.path):
            if line["study"] == self.fingerprint and tuple(line["seeds"]) == self.seeds:
                self.tell(self.study.ask(), line, record=False)

    def propose(self) -> tuple[Any, Cell]:
        """Ask for the next trial: its handle, and the cell without a seed of its own."""
        trial = self.study.ask()
        knobs, rate = suggest(trial, self.knobs, self.cell.optimisation.learning_rate)
        part = self.cell.baseline.model_copy(update={"knobs": knobs})
        optimisation = self.cell.optimisation.model_copy(update={"learning_rate": rate})
        return trial, self.cell.model_copy(update={"baseline": part, "optimisation": optimisation})

    def tell(self, trial: Any, line: dict[str, Any], record: bool = True) -> None:
        """Enter the outcome of a trial and write it down; a failure is an outcome."""
        import optuna

        if not record:
            suggest(trial, self.knobs, self.cell.optimisation.learning_rate)
        failed = line["quality"] is None
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        self.study.tell(trial, None if failed else line["quality"], state=state)
        self.lines.append(line)
        if record:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"reason": shorten(line["reason"])}, allow_nan=False) + "\n")

    def chosen(self) -> Tuned | None:
        """The best trial; None where all failed."""
        ok = [line for line in self.lines if line["quality"] is not None]
        if not ok:
            return None
        best = (max if self.higher else min)(ok, key=lambda line: line["quality"])
        return Tuned(
            task=self.cell.task.name,
            model=self.cell.model.name,
            baseline=self.cell.baseline.name,
            version=self.cell.baseline.version,
            knobs=best["knobs"],
            learning_rate=best["learning_rate"],
            trials=len(self.lines),
            seeds=self.seeds,
            quality=best["quality"],
            default_quality=self.lines[0]["quality"],
        )


@dataclass
class _Running:
    """A trial whose seeds are under way."""

    study: Study
    trial: Any
    cell: Cell
    values: list[float | None] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def run_studies(
    studies: Sequence[Study],
    *,
    trials: int,
    engine: Engine,
    report: Callable[[Study, dict[str, Any]], None] = lambda study, line: None,
) -> None:
    """Run trials until each study has its number of them.

    Args:
        trials: of each; one has failed if one of its seeds has.
        engine: on terms of validation alone.
        report: called when a trial has ended.
    """
    waiting: dict[str, _Running] = {}

    def start(study: Study) -> None:
        if len(study.lines) >= trials:
            return
        running = _Running(study, *study.propose())
        for seed in study.seeds:
            cell = running.cell.model_copy(update={"seed": seed})
            waiting[cell.key] = running
            engine.submit(cell)

    with engine:
        for study in studies:
            start(study)
        while waiting:
            for record in engine.wait(1):
                running = waiting.pop(record.cell.key)
                _collect(record, running)
                if len(running.values) == len(running.study.seeds):
                    line = _line(running)
                    running.study.tell(running.trial, line)
                    report(running.study, line)
                    start(running.study)


def _collect(record: Record, running: _Running) -> None:
    """Take up how one seed of a trial ended; whatever went wrong is the outcome of this trial."""
    ok = record.status == "ok"
    running.values.append(record.measures["free_running"].value if ok else None)
    if not ok:
        running.reasons.append(f"{record.status}: {record.reason}")


def _line(running: _Running) -> dict[str, Any]:
    values = [value for value in running.values if value is not None]
    return {
        "study": running.study.fingerprint,
        "knobs": running.cell.baseline.knobs,
        "learning_rate": running.cell.optimisation.learning_rate,
        "seeds": list(running.study.seeds),
        "quality": sum(values) / len(values) if len(values) == len(running.values) else None,
        "reason": "; ".join(running.reasons),
    }
