"""Configuration and data from others are read as bounded data, and no module unpickles or evaluates anything."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmark
from benchmark.cli.main import execute
from benchmark.contracts.registry import Registry
from benchmark.errors import UsageError
from benchmark.running.tuned import load_tuned

HOME = Path(benchmark.__file__).parents[1]
SOURCES = [path for folder in ("benchmark", "tasks", "baselines") for path in sorted((HOME / folder).rglob("*.py"))]
UNPICKLERS = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def given(call: ast.Call, name: str) -> object:
    """The constant that a keyword of a call has, None where it has none."""
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    value = values.get(name)
    return value.value if isinstance(value, ast.Constant) else None


def problems(source: str) -> Iterator[str]:
    """Yield what in a module could run code that came in a file."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (f"imports {module}" for module in modules if module.partition(".")[0] in UNPICKLERS)
    for name, call in calls(tree):
        if name in ("eval", "exec", "os.system", "__import__"):
            yield f"calls {name}"
        if name == "torch.load" and given(call, "weights_only") is not True:
            yield "calls torch.load without weights_only=True"
        if name in ("np.load", "numpy.load") and given(call, "allow_pickle") is not False:
            yield "calls numpy.load without allow_pickle=False"
        if name in ("pd.read_pickle", "pandas.read_pickle"):
            yield "unpickles"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_no_module_runs_what_comes_in_a_file(path):
    assert not list(problems(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from joblib import load", "import torch\ntorch.load(f)", "torch.load(f, weights_only=False)",
     "np.load(f)", "eval(text)", "import yaml.loader"],
)  # fmt: skip
def test_the_check_above_finds_what_it_looks_for(source):
    assert list(problems(source))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"seeds = 1\nseeds = 2\n", "Cannot overwrite a value"),
        (b"x = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * (2**20 + 1), "larger than 1,048,576 bytes"),
        (b"\xff\xfe", "can't decode"),
    ],
)
def test_a_hostile_configuration_is_refused(content, reason, tmp_path, capsys):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    assert execute(["run", "--config", str(path)]) == 2
    assert reason in capsys.readouterr().err
    task = tmp_path / "mine.toml"
    task.write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        Registry([task])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": "a", "prompt": "b", "target": "c"}', "line 2: the key 'prompt' stands twice"),
        (b'{"prompt": "a", "target": NaN}', "line 2: NaN is not a number in JSON"),
        (b'{"prompt": "' + b"a" * 2**20 + b'"}', "line 2 is longer than 1,048,576 bytes"),
    ],
)
def test_a_hostile_line_of_data_is_refused_by_its_number(line, reason, tmp_path):
    (tmp_path / "data.jsonl").write_bytes(b'{"prompt": "a", "target": "b"}\n' + line + b"\n")
    task = tmp_path / "mine.toml"
    task.write_text('data = "data.jsonl"\n')
    with pytest.raises(UsageError, match=reason):
        Registry([task])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"task": "a", "task": "b"}]', "stands twice"),
        (b'[{"quality": NaN}]', "NaN is not a number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}" * 2**24, "larger than"),
    ],
)
def test_hostile_choices_of_tuning_are_refused(content, reason, tmp_path):
    path = tmp_path / "tuned.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        load_tuned(path)


@pytest.mark.parametrize("name", ["my method!", "../x", "<b>", "te\u0430cher"])
def test_a_plugin_whose_name_could_not_be_printed_is_refused_before_anything_runs(name, tmp_path, capsys):
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from benchmark.contracts import Baseline, Loss, token_nll\n"
        f"class Mine(Baseline):\n    name, path = {name!r}, 'parallel'\n"
        "    def loss(self, model, batch, ctx):\n        return Loss(token_nll(model(batch.tokens), batch))\n",
        encoding="utf-8",
    )
    options = ["run", "smoke", "--plugin", str(plugin), "--baselines", name, "--out", str(tmp_path / "out")]
    assert execute(options) == 2
    assert "a name is up to 100 letters" in capsys.readouterr().err
