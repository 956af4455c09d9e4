"""Which cells a command is about: the options that `ebb run`, `ebb status` and `ebb plan` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from benchmark.errors import UsageError
from benchmark.settings import Device, Precision

if TYPE_CHECKING:
    from benchmark.contracts.registry import Registry
    from benchmark.running.planning import Job

Positive = Parameter(validator=Number(gte=1))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Selection:
    """Cells of a suite, chosen and changed as by `ebb run`.

    Args:
        tasks: these tasks only; may be given more than once.
        baselines: these baselines only, each `name` or `name:knob=value,knob=value`.
        models: these models in place of the suite's.
        seeds: how many seeds, counted from 0.
        updates: updates of every cell, in place of the suite's.
        evaluations: model evaluations of every cell (roll-outs counted) in place of a number of updates.
        tuned: file of `ebb tune`, whose choices stand beside the defaults.
        device: where models are trained and run freely; tasks and measures are computed on the CPU.
        precision: of the matrix products in training; weights and measures are float32.
        plugin: a file with a task, baseline or model; may be given more than once.
        config: TOML file with these options as keys; flags override it, an unknown key is an error.
    """

    tasks: list[str] | None = None
    baselines: list[str] | None = None
    models: list[str] | None = None
    seeds: Annotated[int | None, Positive] = None
    updates: Annotated[int | None, Positive] = None
    evaluations: Annotated[int | None, Positive] = None
    tuned: Path | None = None
    device: Device = "cpu"
    precision: Precision | None = None
    plugin: list[Path] | None = None
    config: Path | None = None

    def registry(self) -> "Registry":
        """All plugins, those of the files included."""
        from benchmark.contracts.registry import Registry

        return Registry(self.plugin or ())

    def jobs(self, suite: str) -> "list[Job]":
        """Return the cells of a suite, the costly first.

        Raises:
            UsageError: for names that nothing answers to, or two budgets.
        """
        from benchmark.running.planning import Wishes, plan
        from benchmark.running.suites import find_suite
        from benchmark.running.tuned import load_tuned
        from benchmark.settings import Budget

        if self.updates and self.evaluations:
            raise UsageError(
                "a budget is in updates or in evaluations, "
                f"got --updates {self.updates} and --evaluations {self.evaluations}"
            )
        limited = self.updates or self.evaluations
        wishes = Wishes(
            tuple(self.tasks or ()),
            tuple(self.baselines or ()),
            tuple(self.models or ()),
            self.seeds,
            Budget(updates=self.updates, evaluations=self.evaluations) if limited else None,
            load_tuned(self.tuned) if self.tuned else (),
            self.device,
            self.precision,
        )
        return plan(self.registry(), find_suite(suite), wishes)
