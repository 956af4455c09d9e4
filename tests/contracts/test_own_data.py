"""A task from a user's own data: what a TOML file and JSON lines become, and what is said of damaged ones."""

import json
from pathlib import Path

import pytest
import torch

from benchmark.contracts import Output, Task, stream
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.cell import Part
from benchmark.running.worker import run_cell
from tests.factories import make_cell

WORDS = [f"{number:b}".replace("0", "a").replace("1", "b") for number in range(2, 2000)]
PAIRS = [{"prompt": word, "target": word[::-1]} for word in WORDS]


def write(folder: Path, declaration: str, lines: list) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "words.jsonl").write_text(text + "\n", encoding="utf-8")
    (folder / "backwards.toml").write_text('data = "words.jsonl"\n' + declaration, encoding="utf-8")
    return folder / "backwards.toml"


def task_of(folder: Path, declaration: str = "", lines: list = PAIRS) -> Task:
    return Registry([write(folder, declaration, lines)]).task("backwards")()


def refusal(folder: Path, declaration: str = "", lines: list = PAIRS) -> str:
    with pytest.raises(UsageError) as problem:
        task_of(folder, declaration, lines)
    return str(problem.value).replace(str(folder), "FOLDER")


def said(task: Task, texts: list[str], golds: list[str]) -> tuple:
    """A batch of these targets and an output of those texts."""
    pairs = [type(task).corpus()["train"][0]._replace(target=tuple(text)) for text in (*golds, *texts)]  # type: ignore
    batch = task.lay_out(pairs)  # type: ignore
    own, count = batch.own[len(golds) :], len(golds)
    return batch.select(slice(0, count)), Output(
        batch.tokens[count:], own, batch.tokens[count:], torch.ones(count, dtype=torch.bool)
    )


def test_a_file_of_pairs_is_a_task_that_trains(tmp_path):
    registry = Registry([write(tmp_path, 'summary = "Say it backwards"', PAIRS)])
    entry = registry.entry("tasks", "backwards")
    cell = make_cell().model_copy(update={"task": Part(name="backwards", version=entry.version)})
    record = run_cell(cell, registry)
    assert entry.summary == "Say it backwards"
    assert record.status == "ok", record.traceback
    assert record.facts is not None
    assert record.facts.metric == "character error rate"
    assert {"free_running", "exact_match", "gold_prefix_nll"} <= set(record.measures)


def test_the_prompt_is_given_and_the_target_with_its_end_is_to_be_said(tmp_path):
    task = task_of(tmp_path)
    batch = task.sample("test", 1, task.curve.buckets[0], stream("one"))
    assert task.space.symbols == ("→", "a", "b", "■")  # type: ignore
    text = "".join(task.space.symbols[token] for token in batch.tokens[0])  # type: ignore
    prompt, _, target = text.partition("→")
    assert target == prompt[::-1] + "■"
    assert batch.given[0].tolist() == [True] * (len(prompt) + 1) + [False] * len(target)


def test_edits_and_exact_matches_are_counted(tmp_path):
    task = task_of(tmp_path)
    batch, output = said(task, ["abab", "abb", ""], ["abab", "abab", "ab"])
    (exact,) = task.further_scores(batch, output)
    assert task.score(batch, output).value.tolist() == [0, 0.25, 1]
    assert exact.value.tolist() == [1, 0, 0]
    swapped = task_of(tmp_path, 'metric = "exact match"')
    assert (swapped.metric.direction, swapped.floor, swapped.ceiling) == ("higher", 0.0, 1.0)
    assert swapped.score(batch, output).value.tolist() == [1, 0, 0]


def test_a_prompt_is_in_one_split_alone_however_often_it_occurs(tmp_path):
    twice = [*PAIRS, *({"prompt": pair["prompt"], "target": "ab"} for pair in PAIRS)]
    corpus = type(task_of(tmp_path, "held_out = 0.2", twice)).corpus()  # type: ignore
    prompts = [{pair.prompt for pair in pairs} for pairs in corpus.values()]
    assert sum(map(len, prompts)) == len(WORDS)
    assert sum(map(len, corpus.values())) == 2 * len(WORDS)
    assert len(prompts[2]) / len(WORDS) == pytest.approx(0.2, abs=0.04)


def test_buckets_are_quarters_and_the_last_is_beyond_training(tmp_path):
    """Half of the words have 11 letters, a quarter 10, an eighth 9."""
    curve = task_of(tmp_path).curve
    assert (curve.buckets, curve.trained) == (((1, 9), (10, 10), (11, 11)), (1, 10))


def test_declared_lengths_hold(tmp_path):
    curve = task_of(tmp_path, "buckets = [[1, 8], [9, 11]]\ntrained = [3, 8]").curve
    assert (curve.buckets, curve.trained) == (((1, 8), (9, 11)), (3, 8))


def test_tokens_stand_between_spaces_or_are_listed(tmp_path):
    spaced = [{"prompt": " ".join(pair["prompt"]), "target": list(pair["target"])} for pair in PAIRS]
    task = task_of(tmp_path, 'vocabulary = ["a", "b"]', spaced)
    assert task.metric.name == "token error rate"
    assert task.space.symbols == ("→", "a", "b", "■")  # type: ignore


def test_the_key_of_a_cell_changes_with_the_data(tmp_path):
    first = Registry([write(tmp_path, "", PAIRS)]).entry("tasks", "backwards").version
    assert Registry([write(tmp_path, "", PAIRS)]).entry("tasks", "backwards").version == first
    assert Registry([write(tmp_path, "", PAIRS[1:])]).entry("tasks", "backwards").version != first
    assert Registry([write(tmp_path, "held_out = 0.1", PAIRS)]).entry("tasks", "backwards").version != first


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"prompt": "ab", "target": ', "line 8: not JSON (Expecting value at character 27)"),
        ('["ab", "ba"]', "line 8: a JSON object is expected, got list"),
        ({"prompt": "ab"}, 'line 8: the keys "prompt" and "target" are expected, got [\'prompt\']'),
        ({"prompt": "ab", "target": ""}, "line 8: the target is empty"),
        ({"prompt": 3, "target": "ab"}, "line 8: the prompt must be a text, got int"),
        ("[" * 100_000, "line 8: not JSON (nested too deep)"),
    ],
)
def test_a_damaged_line_is_reported_with_its_number(tmp_path, line, problem):
    assert refusal(tmp_path, "", [*PAIRS[:7], line, *PAIRS]) == f"FOLDER/words.jsonl is damaged in one line. {problem}"


def test_of_many_damaged_lines_the_first_are_described_and_all_are_counted(tmp_path):
    found = refusal(tmp_path, "", ["{", *PAIRS, *["}"] * 4])
    assert found.startswith("FOLDER/words.jsonl is damaged in 5 lines. line 1: not JSON")
    assert found.endswith("; and 2 further lines")


def test_a_line_that_is_not_unicode_is_reported(tmp_path):
    path = write(tmp_path, "", PAIRS)
    (tmp_path / "words.jsonl").write_bytes(b'{"prompt": "a", "target": "b"}\n{"prompt": "\xff"}\n')
    with pytest.raises(UsageError, match=r"line 2: not UTF-8 \(byte 13\)"):
        Registry([path])


@pytest.mark.parametrize(
    ("declaration", "problem"),
    [
        ("vocabular = 3", "vocabular: Extra inputs are not permitted"),
        ("held_out = 0.7", "held_out: Input should be less than 0.5"),
        ("held_out = ", "is not a TOML file: Invalid value"),
        ('name = "Mine!"', "name: String should match pattern"),
        ("buckets = [[5, 2]]", "buckets must increase"),
        ("buckets = [[1, 8], [90, 99]]", "has no validation example with a target of 90 to 99 characters"),
        ('vocabulary = ["a"]', "the prompt holds ['ba'], outside the vocabulary"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path, declaration, problem):
    assert problem in refusal(tmp_path, declaration)


def test_an_empty_or_absent_data_file_is_named(tmp_path):
    assert refusal(tmp_path, "", [""]) == "FOLDER/words.jsonl holds no examples"
    (tmp_path / "words.jsonl").unlink()
    with pytest.raises(UsageError, match=r"there is no data file .*words.jsonl"):
        Registry([tmp_path / "backwards.toml"])
