"""Small processes whose exposure bias is known in closed form.

Axes: N sequences, L positions, K symbols.
"""

import itertools

import torch
from torch import Tensor


def all_sequences(symbols: int, length: int) -> Tensor:
    """Every sequence, [K^L, L] int64."""
    return torch.tensor(list(itertools.product(range(symbols), repeat=length)))


def two_symbols(symbols: int, agreement: float) -> Tensor:
    """P(x2 | x1), [K, K]: x2 = x1 with probability `agreement`, else uniform on the others; x1 is uniform."""
    others = (1 - agreement) / (symbols - 1)
    return torch.full((symbols, symbols), others, dtype=torch.float64).fill_diagonal_(agreement)


def two_symbols_optimum(conditional: Tensor, gold_probability: float) -> Tensor:
    """What scheduled sampling learns for P(x2 | x1) (Huszar 2015, arXiv 1511.05101): eps P + (1 - eps) P(x2)."""
    return gold_probability * conditional + (1 - gold_probability) * conditional.mean(0, keepdim=True)


def along(sequences: Tensor, first: Tensor, transition: Tensor) -> Tensor:
    """Log-probabilities [N, L, K] of a first-order chain along sequences, first [K], transition [K, K]."""
    later = transition[sequences[:, :-1]]  # [N, L - 1, K]
    return torch.cat([first.expand(len(sequences), 1, -1), later], 1).log()


def cyclic_chain(symbols: int = 4, successor: float = 0.9) -> Tensor:
    """Transition [K, K]: to the next symbol of the ring with probability `successor`, else uniform on the others."""
    others = (1 - successor) / (symbols - 1)
    chain = torch.full((symbols, symbols), others, dtype=torch.float64)
    chain[torch.arange(symbols), (torch.arange(symbols) + 1) % symbols] = successor
    return chain


def scheduled_sampling_optimum(chain: Tensor, gold_probability: float, length: int, iterations: int = 2000) -> Tensor:
    """What a table Q(next | token fed), [K, K], learns by scheduled sampling on a chain with a uniform start.

    The fixed point of: gold goes its way, what is fed is gold or a sample of Q given what was fed before, no gradient
    flows through the feed, and Q matches gold given what was fed, pooled over positions 2 to `length`.
    """
    symbols = len(chain)
    table = torch.full_like(chain, 1 / symbols)
    for _ in range(iterations):
        joint = torch.eye(symbols, dtype=chain.dtype) / symbols  # [gold, fed] of the first token, drawn alike
        joint = gold_probability * joint + (1 - gold_probability) / symbols**2
        seen = torch.zeros_like(chain)  # [fed, next gold]
        for _ in range(length - 1):
            following = torch.einsum("gf,gn->fn", joint, chain)  # [fed, next gold]
            seen += following
            mixed = torch.einsum("fn,fd->nd", following, table)  # [next gold, next own token]
            joint = gold_probability * torch.diag(following.sum(0)) + (1 - gold_probability) * mixed
        updated = seen / seen.sum(1, keepdim=True)
        if (updated - table).abs().max() < 1e-14:
            break
        table = updated
    return table


def cliff_errors(sequences: int, length: int, slip: float, stream: torch.Generator) -> Tensor:
    """Whether each step is spent off the cliff, [N, L] bool: entered with probability `slip` a step, never left.

    The slip itself is free; it costs from the step after it on.
    """
    fallen = (torch.rand(sequences, length, generator=stream) < slip).cumsum(1) > 0
    return torch.nn.functional.pad(fallen, (1, 0))[:, :-1]


def cliff_cost(length: int, slip: float) -> float:
    """Expected number of steps off the cliff up to a length: sum over t of 1 - (1 - e)^(t - 1)."""
    return sum(1 - (1 - slip) ** (step - 1) for step in range(1, length + 1))


def planted_errors(sequences: int, length: int, after_good: float, after_bad: float, stream: torch.Generator) -> Tensor:
    """Errors [N, L] bool with one rate before a row's first error and another after it."""
    coins = torch.rand(sequences, length, generator=stream)
    first = (coins < after_good).int().cumsum(1)
    before = torch.nn.functional.pad(first, (1, 0))[:, :-1] > 0  # an error stands before
    return torch.where(before, coins < after_bad, coins < after_good)
