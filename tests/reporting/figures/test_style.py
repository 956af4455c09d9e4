"""Axes that say what they show."""

import pytest
from matplotlib.figure import Figure

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
