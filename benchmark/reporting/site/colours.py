"""Colours and markers of the page: those of the figures, and the same hues where they are told from a dark ground."""

from collections.abc import Mapping, Sequence
from typing import Any

LIGHT_GROUND = (1.0, 1.0, 1.0)
DARK_GROUND = (0.086, 0.094, 0.114)  # #16181d, as in style.css
LEAST_CONTRAST = 3.5
_SHAPES = {
    "o": "M4 0A4 4 0 1 1-4 0A4 4 0 1 1 4 0Z",
    "s": "M-3.5-3.5H3.5V3.5H-3.5Z",
    "D": "M0-4.8L4.8 0L0 4.8L-4.8 0Z",
    "^": "M0-4.6L4.4 3.6H-4.4Z",
    "v": "M0 4.6L4.4-3.6H-4.4Z",
    "P": "M-1.6-4.5H1.6V-1.6H4.5V1.6H1.6V4.5H-1.6V1.6H-4.5V-1.6H-1.6Z",
    "X": "M-4.3-2.1L-2.1-4.3L0-2.2L2.1-4.3L4.3-2.1L2.2 0L4.3 2.1L2.1 4.3L0 2.2L-2.1 4.3L-4.3 2.1L-2.2 0Z",
    "*": "M0-5.4L1.3-1.8L5.1-1.7L2.1.7L3.2 4.4L0 2.2L-3.2 4.4L-2.1.7L-5.1-1.7L-1.3-1.8Z",
    "<": "M-4.6 0L3.6-4.4V4.4Z",
    ">": "M4.6 0L-3.6-4.4V4.4Z",
}

Colour = tuple[float, float, float]


def style_of_series(styles: Sequence[Mapping[str, Any]]) -> str:
    """Write the colours of methods as CSS: class s0 for the first, in light and dark."""
    rules = [
        f".s{number}{{color:light-dark({_hex(style['color'])},{_hex(on_dark(style['color']))})}}"
        for number, style in enumerate(styles)
    ]
    return "\n".join(rules) + "\n"


def shape_of(marker: str) -> str:
    """The SVG path of one of matplotlib's markers."""
    return _SHAPES[marker]


def on_dark(colour: Colour) -> Colour:
    """Mix a colour with white until it stands out from the dark ground."""
    mixed = colour
    for percent in range(0, 100, 5):
        mixed = tuple(part + (1 - part) * percent / 100 for part in colour)
        if contrast(mixed, DARK_GROUND) >= LEAST_CONTRAST:
            break
    return mixed[0], mixed[1], mixed[2]


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Contrast of two sRGB colours in [1, 21] (WCAG 2.2)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Sequence[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
