"""A training step of a peer."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Update = Callable[[], object]


def step_of(model: nn.Module, loss: Callable[[], Tensor]) -> Update:
    """Make an update of a model by AdamW in its fused form."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def update() -> None:
        model.train()
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()

    return update
