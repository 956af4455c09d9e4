"""What is shown of a task."""

import json
from dataclasses import asdict

import pytest

from benchmark.cli.main import execute
from benchmark.measuring.showing import show
from benchmark.reporting.showing import draw_task, task_lines
from tasks.addition import Addition
from tasks.copycat_tagging import CopycatTagging
from tasks.g2p_sentences import G2pSentences
from tests.factories import Rotation


def text_of(runs: list[dict], given: bool) -> str:
    return "".join(run["text"] for run in runs if run["given"] == given)


def test_examples_are_runs_of_given_and_own_tokens():
    for runs in show(Addition()).examples:
        assert [run["given"] for run in runs] == [True, False]
        sums = [sum(map(int, pair.split("+"))) for pair in runs[0]["text"].split(" ")[:-1]]
        total = sum(digit * 10**place for place, digit in enumerate(reversed(sums)))
        assert int(runs[1]["text"]) == total


def test_symbols_of_several_letters_stand_apart_and_letters_do_not():
    shown = show(G2pSentences()).examples[0]
    assert text_of(shown, given=True).endswith("=")
    assert "  " not in text_of(shown, given=True)
    assert " | " in text_of(shown, given=False)


def test_interleaved_tokens_alternate():
    runs = show(CopycatTagging()).examples[0]
    assert [run["given"] for run in runs] == [True, False] * 32


def test_lengths_are_those_of_the_corpus_or_of_drawn_sequences():
    assert {len(values) for values in show(CopycatTagging()).lengths.values()} == {512}
    assert set(show(CopycatTagging()).lengths["test"]) == {256}
    assert len(show(G2pSentences()).lengths["train"]) == 85_079


def test_a_series_is_shown_by_its_first_vectors():
    shown = show(Rotation())
    assert shown.continuous
    assert shown.examples[0][1]["text"].endswith("[8 vectors]")
    assert shown.examples[0][1]["text"].count("(") == 4


@pytest.mark.parametrize("task", [Rotation, G2pSentences, Addition])
def test_the_figure_is_the_same_bytes_each_time(tmp_path, task):
    shown = asdict(show(task()))
    folders = [tmp_path / "one", tmp_path / "other"]
    written = [draw_task(shown, folder, command="ebb show") for folder in folders]
    assert [path.read_bytes() for path in written[0]] == [path.read_bytes() for path in written[1]]


def test_the_text_says_what_the_task_declares():
    text = "\n".join(line.plain for line in task_lines(asdict(show(CopycatTagging()))))
    for part in ("delusion", "0.919", "process run freely", "accuracy", "trained on 32", "@article{ortega2021"):
        assert part in text


def test_the_command_prints_json_and_draws(tmp_path, capsys):
    assert execute(["show", "addition", "--json", "--out", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["coordinates"]["failure"] == "compounding"
    assert len(found["examples"]) == 3
    assert (tmp_path / "task_addition.png").stat().st_size > 1000


def test_the_command_names_an_unknown_task(capsys):
    assert execute(["show", "additon"]) == 2
    assert "did you mean 'addition'?" in capsys.readouterr().err
