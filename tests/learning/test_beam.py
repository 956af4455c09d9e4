"""Beam search between greedy decoding and enumeration."""

import itertools

import pytest
import torch

from benchmark.contracts import Batch, stream, token_log_likelihood
from benchmark.learning.beam import beam_search
from benchmark.learning.free_running import Draw, roll_out
from tasks.copycat_tagging import CopycatTagging
from tests.factories import MODELS, EndingTask, make_model


def score(model, tokens: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    return token_log_likelihood(model(tokens), tokens, own).sum(1)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("task", [CopycatTagging(), EndingTask()], ids=["interleaved", "ending"])
def test_one_beam_is_greedy_decoding(model_class, task):
    model, batch = make_model(model_class, task.space, scale=2), task.sample("test", 12, (4, 4), stream("x"))
    beam, greedy = beam_search(model, task, batch, 1), roll_out(model, task, batch, Draw("greedy", stream("y")))
    assert torch.equal(beam.own, greedy.own)
    assert torch.equal(beam.tokens[beam.own], greedy.tokens[greedy.own])
    assert torch.equal(beam.stopped, greedy.stopped)


@pytest.mark.parametrize("model_class", MODELS)
def test_enough_beams_find_the_most_probable_output(model_class):
    task = CopycatTagging()
    model, batch = make_model(model_class, task.space, scale=3), task.sample("test", 3, (3, 3), stream("x"))
    found = beam_search(model, task, batch, width=64)
    with torch.no_grad():
        for row in range(3):
            every = batch.tokens[row].repeat(64, 1)
            every[:, 1::2] = torch.tensor(list(itertools.product(range(4, 8), repeat=3)))
            best = every[score(model, every, batch.own[row].expand(64, -1)).argmax()]
            assert torch.equal(found.tokens[row], best)


@pytest.mark.parametrize("model_class", MODELS)
def test_more_beams_find_no_less_probable_outputs_and_obey_the_rules(model_class):
    task = EndingTask()
    model = make_model(model_class, task.space, scale=2)
    batch = Batch.from_rows([[1, 2], [2, 2], [3, 1]], [[3, 0], [0], [1, 0]])
    with torch.no_grad():
        scores = []
        for width in (1, 4, 16, 64):
            found = beam_search(model, task, batch, width)
            scores.append(score(model, found.tokens, found.own).sum())
            for tokens, own, stopped in zip(found.tokens, found.own, found.stopped, strict=True):
                said = tokens[own].tolist()
                assert (said[-1] == 0) == bool(stopped)
                assert 0 not in said[:-1]
                assert len(said) <= 7
        assert scores[-1] >= scores[0] - 1e-9
