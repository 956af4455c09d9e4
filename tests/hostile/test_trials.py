"""The trials of a study may come from anyone: what is none is refused with its line, and nothing hangs or is run."""

import json
import os

import pytest

from benchmark.errors import UsageError
from benchmark.running.trials import MOST_BYTES, read_trials

GOOD = {
    "study": "{}",
    "knobs": {"share": 0.5},
    "learning_rate": 1e-3,
    "seeds": [1_000_000],
    "quality": 0.5,
    "reason": "",
}
LINE = json.dumps(GOOD)


def test_good_trials_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "trials.jsonl"
    path.write_text(f"{LINE}\n{LINE}\n")
    assert read_trials(path) == [GOOD, GOOD]
    assert read_trials(tmp_path / "none.jsonl") == []


def test_a_line_that_was_not_written_to_its_end_is_cut_off_and_the_others_stay(tmp_path):
    path = tmp_path / "trials.jsonl"
    path.write_text(f"{LINE}\n{LINE[:40]}")
    assert read_trials(path) == [GOOD]
    assert path.read_text() == f"{LINE}\n"


HOSTILE = {
    "not JSON": ("os.system('x')", "it is not JSON"),
    "deep nesting": ("[" * 100_000, "nested too deeply"),
    "NaN": (LINE.replace('"quality": 0.5', '"quality": NaN'), "NaN is not a number"),
    "key twice": (LINE.replace('"reason"', '"knobs": {}, "reason"'), "'knobs' stands twice"),
    "unknown key": (LINE.replace('"reason"', '"plugin": "x.py", "reason"'), "plugin: Extra inputs"),
    "no seeds": (LINE.replace("[1000000]", "[]"), "seeds: List should have at least 1 item"),
    "quality in quotes": (
        LINE.replace('"quality": 0.5', '"quality": "0.5"'),
        "quality: Input should be a valid number",
    ),
    "rate of zero": (LINE.replace("0.001", "0"), "learning_rate: Input should be greater than 0"),
    "huge quality": (LINE.replace('"quality": 0.5', '"quality": 1e308'), "quality: Input should be less than"),
    "markup for a knob": (LINE.replace('"share"', '"<script>"'), "a key is up to 100 letters"),
    "list": ("[]", "Input should be an object"),
    "an empty line": ("", "it is not JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_refused_with_its_number_and_reason(name, tmp_path):
    line, reason = HOSTILE[name]
    path = tmp_path / "trials.jsonl"
    path.write_text(f"{LINE}\n{line}\n")
    with pytest.raises(UsageError) as problem:
        read_trials(path)
    assert f"{path}, line 2 holds no trials of `ebb tune`" in str(problem.value)
    assert reason in str(problem.value)
    assert "move the file away" in str(problem.value)
    assert str(problem.value).isprintable()


def test_a_link_a_pipe_and_a_file_that_is_too_large_are_refused_before_they_are_read(tmp_path):
    link, pipe, large = (tmp_path / name for name in ("link", "pipe", "large"))
    (tmp_path / "trials.jsonl").write_text(f"{LINE}\n")
    link.symlink_to(tmp_path / "trials.jsonl")
    os.mkfifo(pipe)
    large.touch()
    os.truncate(large, MOST_BYTES + 1)
    for path, reason in (
        (link, "symbolic link"),
        (pipe, "not a regular file"),
        (large, "larger than 16,777,216 bytes"),
    ):
        with pytest.raises(UsageError, match=reason):
            read_trials(path)
