"""The settings of a cell that are not a plugin: how long to train, how to optimise, how much to evaluate.

This module is free of torch, so that records can be read without it.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.fields import LARGEST

Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]

_MOST = 2**53  # a float holds it exactly


class Frozen(BaseModel):
    """A declaration: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Budget(Frozen):
    """When training ends: after a number of updates, or of model evaluations (roll-outs counted). Exactly one is set.

    A model evaluation is one token passed forward through the model; forward and backward together cost 3.
    """

    updates: int | None = Field(default=None, ge=1, le=_MOST)
    evaluations: int | None = Field(default=None, ge=1, le=_MOST)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.updates is None) == (self.evaluations is None):
            raise ValueError(
                f"set either updates or evaluations, got updates={self.updates} and evaluations={self.evaluations}"
            )
        return self

    def progress(self, updates: int, evaluations: int) -> float:
        """Return the share of the budget that is spent, in [0, 1]."""
        spent = updates / self.updates if self.updates else evaluations / (self.evaluations or 1)
        return min(spent, 1.0)


class Optimisation(Frozen):
    """AdamW with a linear warm-up, a cosine decay and clipping of the gradient's norm."""

    batch: int = Field(default=64, ge=1, le=_MOST, description="sequences per update")
    learning_rate: float = Field(default=3e-3, gt=0, le=LARGEST)
    warm_up: float = Field(default=0.05, ge=0, lt=1, description="share of the budget")
    final: float = Field(default=0.05, ge=0, le=1, description="learning rate at the end, as a share of the peak")
    weight_decay: float = Field(default=0.01, ge=0, le=LARGEST)
    clip: float = Field(default=1.0, gt=0, le=LARGEST, description="largest norm of the gradient")
    precision: Precision = Field(default="float32", description="of the matrix products in training; weights: float32")


class Evaluation(Frozen):
    """How many test sequences: in all for tasks whose axis is position, per bucket where it is length."""

    sequences: int = Field(default=512, ge=1, le=_MOST)
