"""What a position of a sequence can hold."""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Discrete:
    """A vocabulary of `size` symbols, numbered from 0.

    Attributes:
        size: number of symbols V, >= 1.
        end: the symbol that ends a sequence, or None where the environment decides the length.
        emits: the symbols that may stand at the model's own positions; every other logit is -inf. Empty means all.
        symbols: how each symbol is written, for people; empty where there is nothing better than its number.

    Raises:
        ValueError: if a symbol is outside the vocabulary, or the end symbol cannot be emitted.
    """

    size: int
    end: int | None = None
    emits: tuple[int, ...] = ()
    symbols: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be >= 1, got {self.size}")
        object.__setattr__(self, "emits", tuple(sorted(set(self.emits))) or tuple(range(self.size)))
        outside = [symbol for symbol in self.emits if not 0 <= symbol < self.size]
        if outside:
            raise ValueError(f"emits must lie in [0, {self.size}), got {outside}")
        if self.end is not None and self.end not in self.emits:
            raise ValueError(f"the end symbol must be among the emitted symbols, got end={self.end}")
        if self.symbols and len(self.symbols) != self.size:
            raise ValueError(f"symbols must name all {self.size} symbols, got {len(self.symbols)}")

    @property
    def outputs(self) -> int:
        """Numbers that a model puts out for the next position: one logit a symbol."""
        return self.size


@dataclass(frozen=True)
class Continuous:
    """Vectors of `size` real numbers, standardised: a model predicts the mean and log standard deviation of the next.

    Attributes:
        size: numbers in a vector D, >= 1.
        noise: "learned" for a Gaussian whose deviation is learned and drawn from; "none" for deterministic output: the
            deviation is 1 in the likelihood (so that its gradient is that of half the squared error) and 0 in a draw.
        names: what each number is, for people; empty where there is nothing better than its index.

    Raises:
        ValueError: if the size is below 1.
    """

    size: int
    noise: Literal["none", "learned"] = "none"
    names: tuple[str, ...] = ()
    end: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be >= 1, got {self.size}")

    @property
    def outputs(self) -> int:
        """Numbers that a model puts out for the next position: D means, and D log deviations where they are learned."""
        return self.size if self.noise == "none" else 2 * self.size


Space = Discrete | Continuous
