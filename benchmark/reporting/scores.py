"""A labelled array of results: [method, task, seed]."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """One figure of every cell.

    Attributes:
        methods, tasks, seeds: the labels of the axes.
        values: [method, task, seed]; NaN where there is none.
        status: [method, task, seed] of text; a value may be NaN only where it is not "ok".

    Raises:
        ValueError: if a shape does not fit the labels, a label stands twice, or a NaN is not explained.
    """

    methods: tuple[str, ...]
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    values: NDArray[np.float64]
    status: NDArray[np.str_]

    def __post_init__(self) -> None:
        shape = (len(self.methods), len(self.tasks), len(self.seeds))
        for name, array in (("values", self.values), ("status", self.status)):
            if array.shape != shape:
                raise ValueError(f"{name} must be [method, task, seed] = {shape}, got {array.shape}")
        for name in ("methods", "tasks", "seeds"):
            labels = getattr(self, name)
            if len(set(labels)) != len(labels):
                raise ValueError(f"{name} must differ from each other, got {labels}")
        unexplained = np.argwhere(np.isnan(self.values) & (self.status == "ok"))
        if len(unexplained):
            method, task, seed = unexplained[0]
            cell = f"{self.methods[method]} on {self.tasks[task]}, seed {self.seeds[seed]}"
            raise ValueError(f"the value of {cell} is not a number, yet its status is ok")

    def of(self, method: str, task: str) -> NDArray[np.float64]:
        """Return the values of a method on a task, [seed]."""
        return self.values[self.methods.index(method), self.tasks.index(task)]

    def failures_as(self, worst: Sequence[float]) -> "Scores":
        """Return a copy in which a failed cell has the worst value of its task; what was not applicable stays NaN."""
        failed = np.isnan(self.values) & (self.status != "not_applicable")
        filled = np.where(failed, np.asarray(worst, dtype=float)[None, :, None], self.values)
        return Scores(self.methods, self.tasks, self.seeds, filled, self.status)
