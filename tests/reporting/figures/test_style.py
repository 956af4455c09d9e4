"""Axes that say what they show."""

import pytest
from matplotlib.figure import Figure

from benchmark.reporting.figures.curves import value_axis
from benchmark.reporting.figures.style import logarithmic_values


@pytest.mark.parametrize(("low", "high"), [(1.2, 1.9), (0.02, 0.09), (1, 40), (3_000, 200_000), (1e-4, 1e4)])
def test_a_tick_of_a_logarithmic_axis_says_its_value(low, high):
    axis = Figure().subplots()
    axis.plot([1, 2], [low, high])
    logarithmic_values(axis)
    ticks = [(tick, label.get_text()) for tick, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)]
    assert ticks
    for value, text in ticks:
        assert float(text.replace(",", "")) == pytest.approx(value, rel=1e-4)


def rows_of(values, low, high, name="value"):
    return [{name: value, f"{name}_low": low, f"{name}_high": high} for value in values]


def test_values_decide_the_range_of_an_axis_and_a_wide_interval_does_not_make_them_flat():
    axis = Figure().subplots()
    assert not value_axis(axis, rows_of([0.2, 0.5, 0.8], -5.0, 5.0), "value")
    low, high = axis.get_ylim()
    assert 0.6 / (high - low) > 0.5  # the lines take more than half of the panel
    value_axis(axis, rows_of([0.2, 0.5, 0.8], 0.15, 0.85), "value")
    low, high = axis.get_ylim()
    assert 0 < low < 0.15  # a narrow interval is whole, with a margin
    assert 0.85 < high < 1


def test_controls_lie_within_the_axis_but_for_zero_on_a_logarithmic_one():
    axis = Figure().subplots()
    value_axis(axis, rows_of([0.2, 0.3], None, None), "value", controls=[0.0, 0.9])
    assert axis.get_ylim()[0] < 0 < 0.9 < axis.get_ylim()[1]
    assert value_axis(axis, rows_of([0.01, 0.5], None, None), "value", controls=[0.0, 0.9])
    assert 0 < axis.get_ylim()[0] < 0.01 < 0.9 < axis.get_ylim()[1]


def test_an_axis_of_one_value_has_room_around_it():
    axis = Figure().subplots()
    value_axis(axis, rows_of([0.0], None, None), "value")
    assert axis.get_ylim()[0] < 0 < axis.get_ylim()[1]
