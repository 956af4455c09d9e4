"""How a figure of a board's row is written, with its interval, its unit or the bound beyond which it lies."""

from collections.abc import Callable

from benchmark.reporting.board import Row

Column = Callable[[Row], str]


def interval(name: str) -> Column:
    """Write a mean with its interval in brackets."""

    def text(row: Row) -> str:
        mean, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
        if mean is None:
            return absent(row, name)
        return number(mean) if low is None else f"{number(mean)} [{number(low)}, {number(high)}]"

    return text


def mean(name: str) -> Column:
    """Write a mean."""
    return lambda row: absent(row, name) if row[name] is None else number(row[name])


def absent(row: Row, name: str) -> str:
    """Write what stands where there is no value."""
    return "infinite" if row.get(f"{name}_reason") == "infinite" else "-"


def probability(name: str) -> Column:
    """Write a p value."""
    return lambda row: "-" if row[name] is None else "< 0.0001" if row[name] < 1e-4 else number(row[name])


def number(value: float) -> str:
    """Three decimals, more where the number is small, fewer where it is large."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.05 else f"{value:.4f}"


def count(name: str) -> Column:
    """Write a large count in thousands or millions."""

    def text(row: Row) -> str:
        value = row[name]
        if value is None:
            return "-"
        for unit, size in (("M", 1e6), ("k", 1e3)):
            if value >= size:
                return f"{value / size:.1f} {unit}"
        return f"{value:.0f}"

    return text


def horizon(row: Row) -> str:
    """A length, or the bound where it lies beyond the longest or within the shortest that was tested."""
    if row["horizon_50_beyond"] is not None:
        return f"> {row['horizon_50_beyond']}"
    if row["horizon_50"] is None:
        return "-"
    return f"{'<= ' if row['horizon_50'] == row['by_length'][0]['high'] else ''}{row['horizon_50']:.0f}"


def status(row: Row) -> str:
    """Write how many cells ended how."""
    return ", ".join(f"{count} {status}" for status, count in row["status"].items())


def verdict(row: Row) -> str:
    """Write what the test against teacher forcing says, or why it says nothing."""
    return "; ".join(filter(None, (row["gain_verdict"] or row["gain_note"], row["gain_warning"])))
