"""Edit distances to every prefix of gold, against a library, and what they imply."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from benchmark.contracts import Batch, completion_costs, optimal_completions

words = st.lists(st.integers(1, 4), max_size=6)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=4))
def test_costs_are_levenshtein_distances_of_all_prefixes(pairs):
    gold = Batch.from_rows([[1, 2]] * len(pairs), [target + [0] for target, _ in pairs])
    longest = max(len(said) for _, said in pairs)
    tokens = torch.tensor([[9, 9, *said, *[0] * (longest - len(said))] for _, said in pairs])
    own = torch.tensor([[False] * 2 + [True] * len(said) + [False] * (longest - len(said)) for _, said in pairs])
    costs = completion_costs(gold, tokens, own)
    for row, (target, said) in enumerate(pairs):
        for spoken in range(len(said) + 1):
            for length in range(len(target) + 2):
                expected = Levenshtein.distance(said[:spoken], (target + [0])[:length])
                assert costs[row, 2 + spoken, length] == expected
        assert torch.isinf(costs[row, :, len(target) + 2 :]).all()


def test_on_gold_the_only_optimal_completion_is_gold():
    batch = Batch.from_rows([[1], [1, 1]], [[2, 3, 2, 0], [4, 0]])
    best = optimal_completions(batch, batch.tokens, symbols=5)
    assert (best.sum(-1)[batch.own] == 1).all()
    assert best.gather(-1, batch.tokens[..., None]).squeeze(-1)[batch.own].all()


def test_after_a_slip_every_continuation_of_a_nearest_prefix_is_optimal():
    batch = Batch.from_rows([[1]], [[2, 3, 4, 0]])
    history = torch.tensor([[1, 4, 4, 4, 4]])  # "4" is one edit from the prefixes "" and "2", two from "2 3"
    best = optimal_completions(batch, history, symbols=5)
    assert best[0, 2].nonzero().flatten().tolist() == [2, 3]
