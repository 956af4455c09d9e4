"""Knobs: the declared settings of a method or a model, with their ranges."""

import math
from typing import Any, Generic, Self, TypeVar, cast, overload

from benchmark.errors import UsageError, unknown_name

T = TypeVar("T", bool, int, float, str)


class Knob(Generic[T]):
    """One setting of a plugin, declared as a class attribute and read as an instance attribute.

        eps_end = Knob(0.0, low=0.0, high=1.0, help="probability of feeding gold at the end of training")

    Args:
        default: the value when nothing is said; its type is the knob's type.
        low, high: the inclusive range of a number.
        choices: the values that a word may take.
        help: what it does, in one line.
        active_when: `{other knob: values under which this one has an effect}`; empty means always.
        tried_with: `{other knob: value}` under which the few updates of `ebb check` show the effect; default if empty.
    """

    def __init__(
        self,
        default: T,
        *,
        help: str,
        low: float | None = None,
        high: float | None = None,
        choices: tuple[T, ...] = (),
        active_when: dict[str, tuple[Any, ...]] | None = None,
        tried_with: dict[str, Any] | None = None,
    ) -> None:
        self.default, self.low, self.high, self.choices, self.help = default, low, high, choices, help
        self.active_when, self.tried_with = active_when or {}, tried_with or {}
        self.name = "?"
        self.check(default)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        return self if instance is None else instance.__dict__.get(self.name, self.default)

    def check(self, value: Any) -> T:
        """Return the value in the knob's type.

        Raises:
            UsageError: if the value has another type or lies outside the range or the choices.
        """
        kind = type(self.default)
        if isinstance(value, str) and kind is not str:
            value = self._parse(value)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise UsageError(f"knob {self.name!r} takes {kind.__name__}, got {value!r}")
        if self.choices and value not in self.choices:
            raise unknown_name(f"value of knob {self.name!r}", str(value), map(str, self.choices))
        low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
        if not isinstance(value, str) and not low <= value <= high:  # NaN fails too
            raise UsageError(f"knob {self.name!r} must lie in [{self.low}, {self.high}], got {value!r}")
        return cast(T, value)

    def _parse(self, text: str) -> Any:
        kind: Any = type(self.default)
        try:
            return {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
        except (KeyError, ValueError):
            raise UsageError(f"knob {self.name!r} takes {kind.__name__}, got {text!r}") from None


class Configurable:
    """A plugin class with knobs. `configure` sets them, `knobs` reads them all."""

    @classmethod
    def declared_knobs(cls) -> dict[str, Knob]:
        """Return the knobs by name, those of base classes first."""
        found = {}
        for base in reversed(cls.__mro__):
            found |= {name: knob for name, knob in vars(base).items() if isinstance(knob, Knob)}
        return found

    @classmethod
    def resolve_knobs(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Return every knob's value: what was given, checked, and the default elsewhere.

        Raises:
            UsageError: for an unknown knob or a value that it does not take.
        """
        declared = cls.declared_knobs()
        for name in given:
            if name not in declared:
                raise unknown_name(f"knob of {getattr(cls, 'name', cls.__name__)}", name, declared)
        return {name: knob.check(given.get(name, knob.default)) for name, knob in declared.items()}

    def configure(self, given: dict[str, Any]) -> None:
        """Set the knobs of this instance."""
        self.__dict__.update(self.resolve_knobs(given))

    @property
    def knobs(self) -> dict[str, Any]:
        """The values of all knobs, by name."""
        return {name: getattr(self, name) for name in self.declared_knobs()}
