"""Beam search: the most probable whole outputs that a few candidates a step can find.

Axes: B instances, W beams of each (adjoining rows), T time (columns), V vocabulary.
"""

import torch
from torch import Tensor

from benchmark.contracts.batch import Batch, Output
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.task import Task
from benchmark.errors import NotApplicable
from benchmark.learning.free_running import common_prompt, side_pass

ANSWERS_BEAMS_APART = "beam search: the environment answers what was said, and beams say different things"


def beams_agree(task: Task) -> bool:
    """Whether the environment answers all beams of an instance alike, as the default one does."""
    return type(task).begin is Task.begin and type(task).respond is Task.respond


def beam_search(model: SequenceModel, task: Task, batch: Batch, width: int) -> Output:
    """Keep the `width` most probable prefixes of each instance, by the sum of log-probabilities of own tokens.

    Width 1 is greedy decoding. Returns the best beam of each instance; there is no length penalty.

    Raises:
        NotApplicable: if what is supplied depends on what was said, so that beams would need environments of their own.
    """
    if not beams_agree(task):
        raise NotApplicable(ANSWERS_BEAMS_APART)
    rows = torch.arange(len(batch)).repeat_interleave(width)  # [B W]
    wide = batch.select(rows)
    limit = task.limit(wide)
    with torch.inference_mode(), side_pass(model):
        prompt, response = common_prompt(task.respond, task.begin(wide))
        tokens = torch.stack(prompt, 1) if prompt else response.supplied[:, None][:, :0]  # [B W, T so far]
        own = torch.zeros_like(tokens, dtype=torch.bool)
        live, stopped = ~response.done, torch.zeros_like(response.done)
        score = torch.full((len(batch), width), float("-inf"))  # [B, W]
        score[:, 0] = 0.0  # the beams are the same at first, so all but one are void
        stepper = model.stepper()
        logits, cache = stepper.prefill(tokens)
        while True:
            chooses = live & ~response.given  # [B W]
            forced = torch.where(response.given, response.supplied, 0)
            score, parent, token = _best(score, logits.log_softmax(-1), chooses, forced)
            tokens, own = (torch.cat([part[parent], new[:, None]], 1)
                           for part, new in ((tokens, token), (own, chooses[parent])))  # fmt: skip
            live, stopped, chosen = live[parent], stopped[parent], chooses[parent]
            if task.space.end is not None:
                stopped = stopped | (chosen & (token == task.space.end))
            live = live & ~stopped & (own.sum(1) < limit)
            response = task.respond(response.state, token)
            live = live & ~response.done
            if not live.any():
                break
            logits, cache = stepper.step(token, cache.select(parent))
        best = torch.arange(0, len(rows), width)  # beams stand in order of their score
        found = tokens[best], own[best], stopped[best]
    tokens, own, stopped = (part.clone() for part in found)
    return Output(tokens, own, tokens, stopped)


def _best(score: Tensor, log_q: Tensor, chooses: Tensor, forced: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Extend every beam by every token and keep the best: scores [B, W], rows they come from and tokens, [B W] each.

    A beam that does not choose here has one extension, its forced token, at no cost.
    """
    instances, width = score.shape
    symbols = log_q.shape[-1]
    void = torch.full_like(log_q, float("-inf")).scatter(-1, forced[:, None], 0.0)
    extended = score.view(-1, 1) + torch.where(chooses[:, None], log_q, void)  # [B W, V]
    best, index = extended.view(instances, width * symbols).topk(width)  # [B, W]
    parent = index // symbols + torch.arange(instances)[:, None] * width
    return best, parent.flatten(), (index % symbols).flatten()
