"""What a position of a sequence can hold."""

from dataclasses import dataclass


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
