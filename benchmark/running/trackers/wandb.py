"""Weights & Biases, and modules that have its `init`: one run a cell, in the project `ebb`."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from benchmark.running.cell import Cell
from benchmark.running.trackers.tracker import Line

PROJECT = "ebb"


class Wandb:
    """Figures by update, with the whole cell as the run's configuration.

    Where and whether anything is sent is for the module's own settings to say, such as WANDB_MODE=offline.

    Args:
        module: another whose `init` takes project, name, id, group, config, dir and resume, and gives a run that has
            `log` and `finish`.
    """

    def __init__(self, cell: Cell, folder: Path, former: Sequence[Line], module: str = "wandb") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._run = importlib.import_module(module).init(
            project=PROJECT,
            name=cell.id,
            id=cell.key[:32],
            group=f"{cell.task.name}/{cell.model.name}/{cell.baseline.name}",
            config=cell.model_dump(mode="json"),
            dir=str(folder),
            resume="allow" if former else None,
        )

    def log(self, line: Line) -> None:
        """Log the figures at the step of the update."""
        self._run.log({name: value for name, value in line.items() if name != "update"}, step=int(line["update"]))

    def close(self, ok: bool) -> None:
        """Finish the run."""
        self._run.finish(exit_code=0 if ok else 1)
