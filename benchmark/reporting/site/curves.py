"""The curves of records as data for the page: a mean over seeds and its interval, by place, curve and method."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from benchmark.reporting.escapes import script
from benchmark.reporting.grouping import Group
from benchmark.reporting.results import in_order
from benchmark.reporting.statistics import t_intervals
from benchmark.running.record import Record

Place = tuple[str, str]


class Wording(NamedTuple):
    """How a curve is called.

    Attributes:
        title: the question that it answers.
        value: label of the y axis; {metric} and {unit} are the task's.
        along: label of the x axis; "" for the axis of the task.
        direction: "higher" or "lower", which is better; "metric" for that of the task's metric, "" where not known.
    """

    title: str
    value: str
    along: str = ""
    direction: str = ""


_LAG = "steps after"
MAIN = ("free_running", "gold_prefix", "gap")
CURVES = {
    "free_running": Wording("How does quality fall off with length?", "{metric} ({unit})", "", "metric"),
    "gap": Wording("How much worse is it than on gold prefixes?", "gap in {metric} ({unit})", "", "lower"),
    "gold_prefix": Wording("How good is it where every earlier token is gold?", "{metric} ({unit})", "", "metric"),
    "survival": Wording("What share has made no error yet?", "share without an error", "", "higher"),
    "hazard": Wording("How likely is a first error here?", "probability of a first error", "", "lower"),
    "grid_own_KL(P||Q)": Wording("How far is it from the process on its own prefixes?", "KL(P||Q), nats per token",
                                 "", "lower"),
    "grid_gold_KL(P||Q)": Wording("How far is it from the process on gold prefixes?", "KL(P||Q), nats per token",
                                  "", "lower"),
    "exposure_ratio_TV": Wording("How much further on own prefixes than on gold?", "EB-C, ratio of total variations",
                                 "", "lower"),
    "marginal_ratio_TV": Wording("How far are continuations of own prefixes?", "EB-M, ratio of total variations",
                                 "", "lower"),
    "self_recovery": Wording("Is it right again after its first error?", "share right", f"{_LAG} the first error",
                             "higher"),
    "quality_by_lag": Wording("How does quality fall off after a gold prefix?", "{metric} ({unit})",
                              f"{_LAG} the gold prefix", "metric"),
    "right_after_own_prefix": Wording("Is it right after a prefix of its own?", "share right", f"{_LAG} the prefix",
                                      "higher"),
    "right_after_random_slip": Wording("Is it right after one wrong token?", "share right", f"{_LAG} the slip",
                                       "higher"),
    "learning": Wording("How fast is it learned?", "free-running {metric} ({unit})", "updates", "metric"),
    "nrmse_by_lead": Wording("How does the forecast fall off?", "NRMSE (standard deviations)", "lead time (steps)",
                             "lower"),
    "reply_nll_after_own_turns": Wording("How surprising are replies after its own?", "nats per token", "turn",
                                         "lower"),
}  # fmt: skip
"""Curves that the page puts into words, the first ones first; any other stands after them by its name."""


def chart_data(groups: Sequence[Group], most_bytes: int) -> dict[str, Any]:
    """Gather all curves, or as many as fit.

    Args:
        groups: label of a method in its place, and its records over seeds; a place is a task with a model.
        most_bytes: of the data as JSON; where they are more, intervals of all but the main curves are left out, then
            all but the main curves.

    Returns:
        `methods`: names. `curves`: by name the words for it. `places`: of each the task, the model, axes and controls,
        and its curves: by name the ranges of `x`, and by number of the method one list of means, or three with both
        ends of the interval.
        `left_out`: what does not fit, else "".
    """
    means = [
        (label, group, _over_seeds([record for record in group if record.status == "ok"])) for label, group in groups
    ]
    levels = [
        ("", True, True),
        ("intervals of the secondary curves", True, False),
        ("all curves but the main ones", False, False),
    ]
    data: dict[str, Any] = {}
    for left_out, secondary, banded in levels:
        data = _data(means, secondary, banded) | {"left_out": left_out}
        if len(script(data)) <= most_bytes:
            break
    return data


def methods_of(groups: Iterable[Group]) -> list[str]:
    """Labels of all methods; the number of one says its colour and its marker, here and in the figures."""
    return list(in_order({label for label, _ in groups}))


def places_of(groups: Iterable[Group]) -> list[Place]:
    """Tasks with their models, by name."""
    return sorted({_place(group) for _, group in groups})


def _place(group: Sequence[Record]) -> Place:
    return group[0].cell.task.name, group[0].cell.model.name


Means = dict[str, dict[tuple[int, int], tuple[float | None, ...]]]


def _over_seeds(ok: Sequence[Record]) -> Means:
    """Mean and interval of every point of every curve: those that all seeds have."""
    if not ok:
        return {}
    places = [(name, (point.low, point.high)) for name, curve in ok[0].curves.items() for point in curve]
    values = [
        {(name, (point.low, point.high)): point.value for name, curve in record.curves.items() for point in curve}
        for record in ok
    ]
    intervals = t_intervals([[own.get(place) for own in values] for place in places])
    found: Means = {}
    for (name, span), interval in zip(places, intervals, strict=True):
        found.setdefault(name, {})[span] = tuple(interval)
    return found


def _data(means: Sequence[tuple[str, Sequence[Record], Means]], secondary: bool, banded: bool) -> dict[str, Any]:
    groups = [(label, group) for label, group, _ in means]
    methods, places = methods_of(groups), places_of(groups)
    found = [_facts(place, groups) for place in places]
    for _, group, own in means:
        curves = found[places.index(_place(group))]["curves"]
        for name in own:
            if secondary or name in MAIN:
                curves.setdefault(name, {"x": [], "series": {}})
    names = {name for place in found for name in place["curves"]}
    for place, key in zip(found, places, strict=True):
        beside = [(label, own) for label, group, own in means if _place(group) == key]
        for name, curve in place["curves"].items():
            curve["x"] = sorted({span for _, own in beside for span in own.get(name, ())}, key=lambda span: span[::-1])
            for label, own in beside:
                if name in own:
                    series = _series(own[name], curve["x"], banded or name in MAIN)
                    curve["series"][str(methods.index(label))] = series
    known = [name for name in CURVES if name in names]
    return {
        "methods": methods,
        "curves": {name: _wording(name)._asdict() for name in (*known, *sorted(names.difference(CURVES)))},
        "places": found,
    }


def _facts(place: Place, groups: Sequence[Group]) -> dict[str, Any]:
    """What a figure says of a place: its axes and its controls, which no figure needs where no cell has facts."""
    found: dict[str, Any] = {"task": place[0], "model": place[1], "curves": {}}
    facts = next(
        (record.facts for _, group in groups if _place(group) == place for record in group if record.facts), None
    )
    if facts is None:
        return found
    counted = {"position": "output position", "turn": "position in the dialogue"}.get(facts.axis, "output length")
    return found | {
        "metric": facts.metric,
        "unit": facts.unit,
        "direction": facts.direction,
        "along": f"{counted} ({facts.axis_unit})",
        "trained": list(facts.trained),
        "floor": facts.floor,
        "ceiling": facts.ceiling,
    }


def _wording(name: str) -> Wording:
    plain = name.replace("_", " ")
    return CURVES.get(name, Wording(plain, plain, _LAG if name.startswith("right_after") else ""))


def _series(own: dict[tuple[int, int], tuple[float | None, ...]], spans: list[tuple[int, int]], banded: bool) -> Any:
    columns = list(zip(*(own.get(span, (None, None, None)) for span in spans), strict=True))  # mean, low, high
    rounded = [[None if value is None else float(f"{value:.4g}") for value in column] for column in columns]
    some = any(value is not None for value in rounded[1])
    return rounded if banded and some else rounded[:1]
