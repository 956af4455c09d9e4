"""Python functions: reading a library, what parses, and what the library and chance score."""

import ast
import platform
import sysconfig
import warnings
from pathlib import Path

import pytest
import torch

from benchmark.contracts import Batch, Output, Score, stream
from benchmark.contracts.registry import Registry
from tasks import python_functions
from tasks.python_functions import Function, PythonFunctions, functions_in, line_parses, parses
from tests.factories import least_cpu_seconds

TASK = PythonFunctions()
CORPUS = TASK.corpus()
SPLITS = ("train", "validation", "test")

MODULE = '''
import abc
class Thing:
    @abc.abstractmethod
    def first(self, x = "a"):
        """Say what it is for.

        At length.
        """
        if x:  # a comment
            return [x,  'b']
    def only(self): "A docstring."
try:
    async def later():
        @wraps(later)
        def inside():
            "Another."
            yield
        return inside
except ImportError:
    pass
'''


def written(first: str, rest: str) -> tuple[Batch, Output]:
    """What a model wrote after a first line; "¶" is the end."""
    batch = TASK.lay_out([Function(first, rest)])
    return batch, output_of(batch)


def output_of(batch: Batch) -> Output:
    return Output(batch.tokens, batch.own, batch.tokens, ((batch.tokens == TASK.space.end) & batch.own).any(1))


def share(score: Score) -> float:
    return float((score.value * score.weight).sum() / score.weight.sum())


def test_functions_are_written_without_decorators_and_docstrings():
    assert list(functions_in(MODULE.encode())) == [
        Function("def first(self, x='a'):\n", "\tif x:\n\t\treturn [x, 'b']¶"),
        Function("def only(self):\n", "\tpass¶"),
        Function("async def later():\n", "\n\t@wraps(later)\n\tdef inside():\n\t\tyield\n\treturn inside¶"),
        Function("def inside():\n", "\tyield¶"),
    ]


@pytest.mark.parametrize(
    "source", ["def f():\n    return 'é'", f"def f():\n    return '{'a' * 384}'", f"def {'f' * 64}():\n    pass"]
)
def test_what_is_too_long_or_not_ascii_is_left_out(source):
    assert list(functions_in(source.encode())) == []


@pytest.mark.parametrize("source", [b"def f(:\n", b"def f():\n    return '\xff'\n", b"x = 1\0\n"])
def test_a_module_that_does_not_parse_is_skipped(source):
    assert list(functions_in(source)) == []


def test_a_library_is_read_by_module_and_each_function_once(tmp_path, monkeypatch):
    places = [tmp_path / f"m{index}.py" for index in range(40)]
    for index, place in enumerate(places):
        place.write_text(f"def own():\n    return {index}\ndef common():\n    return 'all'\n")
    for folder in ("test", "site-packages", "config-3-x86"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "other.py").write_text("def other():\n    pass\n")
    (tmp_path / "broken.py").write_text("def broken(\n")
    (tmp_path / "latin.py").write_bytes(b"'\xe9'\ndef latin():\n    pass\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    found = python_functions._corpus.__wrapped__()
    everything = [function for split in SPLITS for function in found[split]]
    assert sorted({function.first for function in everything}) == ["def common():\n", "def own():\n"]
    assert len(everything) == 41
    assert [function.first for function in found["test"]].count("def common():\n") == 1
    assert all(found.values())
    assert found == python_functions._corpus.__wrapped__()


def test_the_task_says_so_where_the_library_has_no_sources(tmp_path, monkeypatch):
    assert PythonFunctions.missing() == ""
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    assert "sources of the interpreter's standard library" in PythonFunctions.missing()


def test_the_version_of_the_interpreter_enters_the_key_of_a_cell():
    entry = next(entry for entry in Registry().of("tasks") if entry.name == "python_functions")
    assert entry.version == f"{TASK.version} python{platform.python_version()}"


def test_every_bucket_of_every_split_has_functions_that_end_in_it():
    for split in SPLITS:
        for low, high in TASK.curve.buckets:
            assert sum(low <= TASK.length_of(function) <= high for function in CORPUS[split]) >= 40


def test_the_library_scores_the_ceiling_and_all_its_lines_parse():
    for split in SPLITS:
        batch = TASK.lay_out(CORPUS[split])
        assert share(TASK.score(batch, output_of(batch))) == TASK.ceiling
        (lines,) = TASK.further_scores(batch, output_of(batch))
        assert share(lines) > 0.999  # a string may go over several lines


def test_a_function_means_the_same_as_in_its_module():
    source = (Path(sysconfig.get_paths()["stdlib"]) / "bisect.py").read_bytes()
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    found = {function.first: function.rest for function in functions_in(source)}
    assert len(found) == len(nodes) == 4
    for node in nodes:
        node.body = node.body[1:]  # without the docstring
        first = ast.unparse(node).partition("\n")[0] + "\n"
        assert ast.dump(ast.parse(first + found[first][:-1])) == ast.dump(ast.Module([node], []))


def test_characters_by_their_frequency_score_the_floor():
    train = TASK.lay_out(TASK.within("train", TASK.curve.trained))
    count = torch.bincount(train.tokens[train.own], minlength=TASK.space.size).double()
    firsts = [function.first for function in CORPUS["test"]]
    drawn = torch.multinomial(count.expand(len(firsts), -1), 384, replacement=True, generator=stream("floor"))
    texts = ["".join(python_functions._SYMBOLS[symbol] for symbol in row).partition("¶")[0] for row in drawn.tolist()]
    batch = TASK.lay_out([Function(first, f"{text}¶"[:384]) for first, text in zip(firsts, texts, strict=True)])
    assert TASK.floor == 0
    assert share(TASK.score(batch, output_of(batch))) <= 0.002


@pytest.mark.parametrize(
    ("rest", "right"),
    [
        ("\treturn x¶", True),
        ("\tif x:\n\t\treturn x\n\treturn 1¶", True),
        ("\treturn x", False),  # it did not come to its end
        ("\treturn (x¶", False),
        ("return x¶", False),
        ("\tif x:\n\treturn 1¶", False),
        ("¶", False),
        ("\tpass\n\t\tpass¶", False),
    ],
)
def test_a_function_is_right_if_it_ended_and_parses(rest, right):
    batch, output = written("def f(x):\n", rest)
    score, reward = TASK.score(batch, output), TASK.reward(batch, output)
    last = batch.tokens.shape[1] - 1
    assert score.weight[0].nonzero().flatten().tolist() == [last]
    assert bool(score.value[0, last]) == right
    assert float(reward[0, last]) == float(reward.sum()) == right
    assert int(TASK.positions(output)[0, last]) == len(rest)


@pytest.mark.parametrize(
    "line",
    ["\tx = 1", "if x:", "\telse:", "elif x > 1:", "try:", "\t\texcept (A, B) as e:", "finally:", "with a as b:",
     "match x:", "\tcase [1, *_]:", "return", "yield x", "await x", "async for x in y:", "@a.b", "def f(x):", "break"],
)  # fmt: skip
def test_a_line_parses_if_other_lines_can_make_it_a_program(line):
    assert line_parses(line)


@pytest.mark.parametrize("line", ["x = ", "if x", "else x:", "elif:", "return return", "(x", "x)", "'a", "{", "}"])
def test_a_line_that_no_other_lines_can_make_a_program_does_not_parse(line):
    assert not line_parses(line)


def test_lines_are_judged_at_their_ends_and_a_line_that_is_cut_is_not():
    batch, output = written("def f(x):\n", "\tx = \n\treturn x\n\ty")
    (score,) = TASK.further_scores(batch, output)
    columns = score.weight[0].nonzero().flatten()
    assert (columns - 10).tolist() == [5, 15]
    assert score.value[0, columns].tolist() == [0, 1]


@pytest.mark.parametrize("text", ["x is 'a'", "'\\d'", "1if x else 2", "(" * 300, "-" * 3000 + "x", "x" * 9, "\0"])
def test_judging_is_silent_on_every_text(text):
    with warnings.catch_warnings(action="error"):
        assert parses(text) in (True, False)


def test_a_function_is_cut_after_its_first_characters():
    batch = TASK.sample("train", 64, TASK.curve.trained, stream("cut"))
    whole = ((batch.tokens == TASK.space.end) & batch.own).any(1)
    assert batch.lengths.max() <= 128
    assert bool((whole | (batch.lengths == 128)).all())
    assert bool(whole.any())


def test_sampling_and_judging_take_milliseconds():
    batch = TASK.sample("train", 64, (1, 128), stream("fast"))
    assert least_cpu_seconds(lambda: TASK.sample("train", 64, (1, 128), stream("fast"))) < 0.02
    assert least_cpu_seconds(lambda: TASK.reward(batch, output_of(batch))) < 0.02
