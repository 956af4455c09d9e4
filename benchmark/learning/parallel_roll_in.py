"""Rolling in by parallel passes (Duckworth et al. 2019, arXiv 1906.04331) instead of column by column.

With the noise of every draw fixed beforehand, a pass draws all columns from what the pass before fed. After k passes
the first k own tokens of a row are those of the step-wise roll-in with the same noise; a row that no longer changes
is that roll-in.

Axes: B batch, T time (columns), V vocabulary.
"""

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch
from benchmark.contracts.model import SequenceModel
from benchmark.learning.free_running import Draw, either, side_pass


def parallel_roll_in(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw, passes: int) -> Tensor:
    """Mix gold and own tokens, [B, T]: the first pass draws from gold prefixes, each further one from what was fed."""
    fed = batch.tokens
    rounds = passes_of_roll_in(model, batch, gold, draw)
    for _ in range(passes):
        fed = next(rounds, fed)
    return fed


def passes_of_roll_in(model: SequenceModel, batch: Batch, gold: Tensor, draw: Draw) -> Iterator[Tensor]:
    """What is fed after each pass, [B, T], until nothing changes; the last is the step-wise roll-in.

    Args:
        gold: [B, T] bool, where gold is fed.
        draw: its noise is drawn column by column, as a step-wise roll-in draws it.
    """
    if bool(gold.all()):
        return
    first = int(gold.all(0).int().cumprod(0).sum())  # the common prompt, in which nothing is drawn
    fed, noise = batch.tokens, None
    while True:
        with torch.inference_mode(), side_pass(model):
            logits = model(fed)  # [B, T, V]
            if noise is None:
                noise = list(islice(draw.noise(logits[:, 0], model.space), logits.shape[1] - first))
            drawn = [draw(column, model.space, shock)
                     for column, shock in zip(logits[:, first:].unbind(1), noise, strict=True)]  # fmt: skip
            own = torch.cat([fed[:, :first], torch.stack(drawn, 1)], 1)
            following = either(gold, batch.tokens, own)
        following = following.clone()  # out of inference mode
        if torch.equal(following, fed):
            return
        yield following
        fed = following
