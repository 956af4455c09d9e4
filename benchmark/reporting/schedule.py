"""A schedule as a table and as a figure of who works when."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmark.reporting.escapes import figure as escape
from benchmark.reporting.figures.style import drawing, save, series_style
from benchmark.running.schedule import Schedule, Slot

_MOST_WORKERS = 64  # more lines than that are not told apart
_HATCHES = ("", "///", "...", "xxx")
_UNITS = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


def summary(schedule: Schedule, measured: int) -> dict[str, Any]:
    """The figures of a schedule, with a row for each task and model, the costly first."""
    places: dict[tuple[str, str], list[Slot]] = defaultdict(list)
    for slot in schedule.slots:
        places[slot.cell.task.name, slot.cell.model.name].append(slot)
    rows = [
        {
            "task": task,
            "model": model,
            "cells": len(slots),
            "shortest_seconds": min(slot.end - slot.begin for slot in slots),
            "longest_seconds": max(slot.end - slot.begin for slot in slots),
            "cpu_hours": sum(slot.end - slot.begin for slot in slots) / 3600,
        }
        for (task, model), slots in places.items()
    ]
    return {
        "workers": schedule.workers,
        "cells": len(schedule.slots),
        "measured_cells": measured,
        "makespan_seconds": schedule.makespan,
        "bound_seconds": schedule.bound,
        "cpu_hours": schedule.cost / 3600,
        "use": schedule.use,
        "rows": sorted(rows, key=lambda row: (-row["cpu_hours"], row["task"], row["model"])),
    }


def slots_of(schedule: Schedule) -> list[dict[str, Any]]:
    """The schedule itself, a line a cell."""
    return [
        {"id": slot.cell.id, "worker": slot.worker, "begin_seconds": slot.begin, "end_seconds": slot.end}
        for slot in schedule.slots
    ]


def duration(seconds: float) -> str:
    """Seconds in the largest unit of which there is one."""
    unit, size = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
    return f"{seconds / size:.1f} {unit}"


def draw_schedule(schedule: Schedule, title: str, folder: Path, command: str) -> list[Path]:
    """Draw a line for each worker and a bar for each cell, in the colour of its task."""
    drawn = [slot for slot in schedule.slots if slot.worker < _MOST_WORKERS]
    unit, size = next((pair for pair in _UNITS if schedule.makespan >= 2 * pair[1]), _UNITS[-1])
    tasks = list(dict.fromkeys(slot.cell.task.name for slot in drawn))
    with drawing(1) as (figure, axes):
        axis, lines = axes[0], min(schedule.workers, _MOST_WORKERS)
        figure.set_size_inches(7.0, 1.6 + 0.22 * lines + 0.14 * -(-len(tasks) // 4))
        for index, task in enumerate(tasks):
            colour = series_style(index)["color"]
            hatch = _HATCHES[index // 10 % len(_HATCHES)]  # the palette has ten colours
            for worker in range(lines):
                own = [s for s in drawn if s.worker == worker and s.cell.task.name == task]
                bars = [(s.begin / size, (s.end - s.begin) / size) for s in own]
                axis.broken_barh(bars, (worker - 0.4, 0.8), facecolor=colour, edgecolor="white", lw=0.4, hatch=hatch)
            axis.bar(
                0, 0, facecolor=colour, edgecolor="white", lw=0.4, hatch=hatch, label=escape(task)
            )  # for the legend alone
        axis.axvline(schedule.makespan / size, color="black", linestyle="--", linewidth=0.9)
        beyond = f" (first {lines} of {schedule.workers} workers)" if lines < schedule.workers else ""
        axis.set(title=escape(title + beyond), xlabel=f"time ({unit})", ylabel="worker", ylim=(lines - 0.5, -0.5))
        axis.set_yticks(range(0, lines, -(-lines // 16)))
        axis.grid(visible=False, axis="y")
        axis.set_xlim(0, 1.02 * schedule.makespan / size)
        figure.legend(loc="outside lower center", ncols=4)
        return save(figure, folder / "schedule", command)
