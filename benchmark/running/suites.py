"""Suites as data: `suites.toml` beside this file. Free of torch."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from benchmark.errors import unknown_name
from benchmark.running.cell import KnobValues
from benchmark.settings import Budget, Evaluation, Frozen, Optimisation


class Plain(Frozen):
    """How any task is run with one model."""

    model: str = "gru"
    model_knobs: KnobValues = {}
    updates: int = Field(default=400, ge=1)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    sequences: int = Field(default=512, ge=1)
    noise_floor: bool = Field(default=False, description="whether teacher forcing is run a second time (A/A)")
    cpu_seconds: float = Field(default=30, gt=0)

    @property
    def budget(self) -> Budget:
        """Updates, the same number for every method."""
        return Budget(updates=self.updates)

    @property
    def optimisation(self) -> Optimisation:
        """The optimiser's settings, the same for every method."""
        return Optimisation(batch=self.batch, learning_rate=self.learning_rate)

    @property
    def evaluation(self) -> Evaluation:
        """Test sequences."""
        return Evaluation(sequences=self.sequences)


class Setting(Plain):
    """How one task is run with one model, and which methods beyond the suite's own are run there."""

    task: str
    baselines: tuple[str, ...] = Field(default=(), description="in place of those of the suite")
    special: tuple[str, ...] = Field(default=(), description="beside them; `name` or `name:knob=value,knob=value`")
    evaluations: int | None = Field(
        default=None, ge=1, description="the compute track: the same methods again, each with so many model evaluations"
    )
    seeds: int | None = Field(default=None, ge=1, description="in place of those of the suite")
    seeds_of: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="of single methods, where a claim about them needs more"
    )


class Suite(Frozen):
    """A list of settings, each with methods and seeds; `plain` is for tasks and models that it does not have.

    Attributes:
        baselines: the core methods, which every setting is run with unless it says otherwise.
    """

    summary: str
    seeds: int = Field(ge=1)
    timeout: float = Field(gt=0, description="seconds a cell may take")
    baselines: tuple[str, ...]
    plain: Plain
    settings: tuple[Setting, ...]

    @model_validator(mode="after")
    def _knows_whose_seeds(self) -> Self:
        for setting in self.settings:
            strangers = set(setting.seeds_of) - {*(setting.baselines or self.baselines), *setting.special}
            if strangers:
                raise ValueError(f"seeds_of names methods that {setting.task} is not run with: {sorted(strangers)}")
        return self

    def choose(self, tasks: tuple[str, ...], models: tuple[str, ...]) -> tuple[Setting, ...]:
        """Return the settings for the tasks and models named; where there is none for a pair, a plain one."""
        tasks = tasks or tuple(dict.fromkeys(setting.task for setting in self.settings))
        chosen = []
        for task in tasks:
            own = [setting for setting in self.settings if setting.task == task]
            by_model = {setting.model: setting for setting in own}
            plain = own[0] if own else Setting(task=task, **self.plain.model_dump())
            for model in models or tuple(by_model) or (plain.model,):
                chosen.append(by_model.get(model) or plain.model_copy(update={"model": model, "model_knobs": {}}))
        return tuple(chosen)


@cache
def load_suites() -> dict[str, Suite]:
    """Read the suites that ship."""
    text = Path(__file__).with_name("suites.toml").read_text(encoding="utf-8")
    return {name: Suite.model_validate(content) for name, content in tomllib.loads(text).items()}


def find_suite(name: str) -> Suite:
    """Return a suite by name.

    Raises:
        UsageError: for an unknown name.
    """
    suites = load_suites()
    if name not in suites:
        raise unknown_name("suite", name, suites)
    return suites[name]
