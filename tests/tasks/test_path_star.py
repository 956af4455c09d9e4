"""Path-star graphs: their shape, what is due after any history against brute force, and the controls."""

from typing import get_args

import pytest
import torch

from benchmark.checking.oracle_policy import Oracle, OraclePolicy
from benchmark.contracts import Batch, Decoding, Output, Split, belongs_to, seeded, stream
from benchmark.learning.free_running import Draw, roll_out
from tasks import path_star
from tasks.path_star import PathStar, PathStarReversed
from tests.factories import least_cpu_seconds

TASKS = {task.name: task for task in (PathStar(), PathStarReversed())}
NODES = (3, 4, 5)


@pytest.fixture(params=sorted(TASKS))
def task(request) -> PathStar:
    return TASKS[request.param]


def graphs(task: PathStar, nodes: int, size: int = 512, split: Split = "test") -> Batch:
    return task.sample(split, size, (nodes, nodes), stream("path-star", split, nodes))


def run_freely(task: PathStar, batch: Batch, oracle: Oracle, decoding: Decoding = "sample") -> Output:
    with seeded("policy"):
        policy = OraclePolicy(task, oracle, batch)
    return roll_out(policy, task, batch, Draw(decoding, stream("run freely", len(batch))))


def edges_of(row: list[int], nodes: int) -> list[tuple[int, int]]:
    return [((symbol - 20) // 20, (symbol - 20) % 20) for symbol in row[: 2 * (nodes - 1)]]


def right_path(row: list[int], nodes: int) -> list[int]:
    """From the centre to the leaf, by walking every arm."""
    edges = edges_of(row, nodes)
    centre, leaf = row[2 * (nodes - 1) : 2 * nodes]
    for first in [target for source, target in edges if source == centre]:
        path = [centre, first]
        while following := [target for source, target in edges if source == path[-1]]:
            path += following
        if path[-1] == leaf:
            return path
    raise AssertionError("the leaf is at the end of no arm")


@pytest.mark.parametrize("nodes", NODES)
def test_gold_walks_along_the_edges_from_the_centre_to_the_leaf(nodes):
    batch = graphs(TASKS["path_star"], nodes)
    for row in batch.tokens.tolist():
        assert row[2 * nodes :] == right_path(row, nodes)
    assert (batch.lengths == nodes).all()


def test_reversed_gold_is_the_same_path_from_the_leaf():
    forward, backward = (graphs(task, 4).tokens for task in TASKS.values())
    assert torch.equal(forward[:, :8], backward[:, :8])
    assert torch.equal(forward[:, 8:], backward[:, 8:].flip(1))


@pytest.mark.parametrize("nodes", NODES)
def test_graphs_are_stars_of_two_equal_arms(nodes):
    for row in graphs(TASKS["path_star"], nodes).tokens.tolist():
        edges = edges_of(row, nodes)
        sources, targets = ([edge[end] for edge in edges] for end in (0, 1))
        centre = row[2 * (nodes - 1)]
        assert len(set(targets)) == len(targets) == 2 * (nodes - 1)
        assert centre not in targets
        assert sources.count(centre) == 2
        assert len(set(sources)) == len(sources) - 1
        leaves = set(targets) - set(sources)
        assert len(leaves) == 2 and all(len(right_path([*row[: -nodes - 1], leaf], nodes)) == nodes for leaf in leaves)


def test_neither_the_order_of_the_edges_nor_a_label_tells_the_arm():
    tokens = graphs(TASKS["path_star"], 4, size=20_000).tokens
    first_edge = 20 * (1 + tokens[:, 8]) + tokens[:, 9]  # [B], out of the centre into the right arm
    place = (tokens[:, :6] == first_edge[:, None]).int().argmax(1)
    assert torch.bincount(place, minlength=6) / 20_000 == pytest.approx([1 / 6] * 6, abs=0.01)
    assert torch.bincount(tokens[:, 9], minlength=20) / 20_000 == pytest.approx([1 / 20] * 20, abs=0.006)


def test_an_arm_at_random_scores_the_floor():
    """1/d of all paths, d = 2 arms, whatever their length."""
    task = TASKS["path_star"]

    def any_arm(batch: Batch, history: torch.Tensor) -> torch.Tensor:
        nodes = batch.tokens.shape[1] // 3
        probability = task.process(batch, history).exp()
        out_of_centre = batch.tokens[:, : 2 * (nodes - 1)] // 20 - 1 == batch.tokens[:, 2 * (nodes - 1), None]  # [B, E]
        target = torch.nn.functional.one_hot(batch.tokens[:, : 2 * (nodes - 1)] % 20, 420)  # [B, E, V]
        probability[:, 2 * nodes + 1] = (target * out_of_centre[..., None]).sum(1) / 2
        return probability.log()

    for nodes in NODES:
        batch = graphs(task, nodes, size=600)
        output = run_freely(task, batch, any_arm)
        assert float(task.score(batch, output).value.mean()) == pytest.approx(task.floor, abs=0.06)
        right = task.correct(batch, output.tokens)[batch.own].view(-1, nodes)
        assert right[:, 0].all() and right[:, 2:].all()  # in the wrong arm too, the next node is right
        assert float(right[:, 1].double().mean()) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("nodes", NODES)
def test_the_expert_run_freely_reaches_the_ceiling(task, nodes):
    batch = graphs(task, nodes)
    output = run_freely(task, batch, task.expert)
    assert float(task.score(batch, output).value.mean()) == task.ceiling
    assert task.reward(batch, output).sum(1).tolist() == [nodes] * len(batch)


def test_labels_at_random_hardly_ever_score_in_reverse():
    """20^-3 = 1.25e-4 for paths of three nodes."""
    task = TASKS["path_star_reversed"]
    batch = graphs(task, 3, size=20_000)
    guess = torch.where(batch.own, torch.randint(20, batch.tokens.shape, generator=stream("guess")), batch.tokens)
    score = task.score(batch, Output(guess, batch.own, guess, batch.own[:, 0]))
    assert float(score.value.mean()) == pytest.approx(task.floor, abs=1e-3)


@pytest.mark.parametrize("nodes", NODES)
def test_what_is_due_equals_brute_force_on_random_histories(task, nodes):
    batch = graphs(task, nodes, size=256)
    wrong = torch.randint(20, batch.tokens.shape, generator=stream("wrong", nodes))
    in_graph = batch.tokens[:, : 2 * (nodes - 1)] % 20
    wrong[:128] = in_graph[:128].gather(1, wrong[:128] % in_graph.shape[1])  # often a node of the graph
    history = torch.where(batch.own, wrong, batch.tokens)
    process, correct = task.process(batch, history).exp(), task.correct(batch, history)
    for row, probability, is_right in zip(history.tolist(), process, correct, strict=True):
        path = right_path(row, nodes)
        edges = edges_of(row, nodes)
        step = {target: source for source, target in edges} if task.backwards else dict(edges) | {path[0]: path[1]}
        gold = path[::-1] if task.backwards else path
        for place in range(nodes):
            column = 2 * nodes + place
            expected = step.get(row[column - 1], gold[place]) if place else gold[0]
            assert probability[column, expected] == 1
            assert bool(is_right[column]) == (row[column] == expected)


def test_oracles_read_the_prompt_and_not_the_gold_path(task):
    batch = graphs(task, 4)
    slipped = Batch(torch.where(batch.own, (batch.tokens + 1) % 20, batch.tokens), batch.given, batch.valid)
    assert torch.equal(task.process(slipped, batch.tokens), task.process(batch, batch.tokens))
    assert task.correct(slipped, batch.tokens)[batch.own].all()


def test_greedy_exact_match_is_the_same_on_gold_prefixes():
    """A model that goes into the arm with the smaller label: up to its first wrong node its prefixes are gold's."""
    task = TASKS["path_star"]
    batch = graphs(task, 4)

    def smaller(batch: Batch, history: torch.Tensor) -> torch.Tensor:
        log_p = task.process(batch, history)
        out = torch.where(batch.tokens[:, :6] // 20 - 1 == batch.tokens[:, 6, None], batch.tokens[:, :6] % 20, 99)
        log_p[:, 9] = torch.nn.functional.one_hot(out.min(1).values, 420).double().log()
        return log_p

    free = run_freely(task, batch, smaller, "greedy")
    predicted = smaller(batch, batch.tokens).argmax(-1)
    on_gold = Output(predicted, batch.own, batch.tokens, free.stopped)
    assert torch.equal(task.score(batch, free).value, task.score(batch, on_gold).value)
    assert 0.3 < float(task.score(batch, free).value.mean()) < 0.7
    assert (free.tokens != batch.tokens)[:, 9:].double().mean() > 2 * (predicted != batch.tokens)[:, 9:].double().mean()


def test_no_graph_is_in_two_splits(task):
    """There are 20! / 15! = 1,860,480 graphs with paths of three nodes, few enough to be met again by chance."""
    found = {}
    for split in get_args(Split):
        tokens = graphs(task, 3, size=20_000, split=split).tokens
        found[split] = set(map(tuple, torch.cat([tokens[:, :4].sort(1).values, tokens[:, 4:6]], 1).tolist()))
    assert not found["train"] & found["test"]
    assert not found["train"] & found["validation"]
    assert not found["validation"] & found["test"]
    assert len(found["test"]) < 20_000  # met again within a split


def test_splits_have_their_shares_of_all_graphs():
    drawn = torch.rand(50_000, 20, generator=stream("shares")).argsort(1)[:, :7]
    shares = [belongs_to(split, path_star._hash(drawn)).double().mean() for split in get_args(Split)]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.005)


@pytest.mark.parametrize("oracle", ["process", "correct"])
def test_oracles_are_fast(task, oracle):
    batch = graphs(task, 10, size=256)  # 256 x 30 tokens
    assert least_cpu_seconds(lambda: getattr(task, oracle)(batch, batch.tokens)) < 0.02
