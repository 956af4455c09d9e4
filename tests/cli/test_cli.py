"""The command line: exit codes, messages and machine output."""

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmark
from benchmark.cli.main import execute
from tests.factories import make_cell, make_record

PLUGIN = Path(__file__).parents[1] / "running" / "misbehaving.py"


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark.cli", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def smoke(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str], float]:
    """One run of the smoke suite, as a user would start it, and its CPU-seconds, which other tests do not change."""
    out, began = tmp_path_factory.mktemp("smoke"), _children_cpu_seconds()
    done = call("run", "smoke", "--out", str(out))
    return out, done, _children_cpu_seconds() - began


def _children_cpu_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_smoke_runs_every_task_and_method_in_under_a_minute(smoke):
    out, done, seconds = smoke
    assert done.returncode == 0, done.stderr
    assert seconds < 2 * 60  # of two cores
    rows = json.loads((out / "leaderboard.json").read_text())["rows"]
    assert {row["task"] for row in rows} == {"copycat_tagging", "hmm_language", "g2p_sentences"}
    assert all(row["status"] == {"ok": 1} for row in rows)
    assert len(rows) == 12
    for name in ("copycat_tagging (gru)", "g2p_sentences (transformer)", "scheduled_sampling", "free running"):
        assert name in done.stdout


def test_smoke_writes_a_board_and_a_figure(smoke):
    out, _, _ = smoke
    for name in ("leaderboard.md", "leaderboard.csv", "figures/quality_vs_length.pdf", "figures/quality_vs_length.svg"):
        assert (out / name).stat().st_size > 1000
    assert (out / "figures/quality_vs_length.png").read_bytes().startswith(b"\x89PNG")


def test_a_large_board_is_printed_as_it_is_written(smoke, capsys, monkeypatch):
    out, _, _ = smoke
    monkeypatch.setattr("benchmark.cli.board._MOST_LAID_OUT", 11)
    assert execute(["board", str(out)]) == 0
    assert capsys.readouterr().out.startswith((out / "leaderboard.md").read_text())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex, of TeX Live")
def test_a_paper_can_be_written_about_a_run(smoke, tmp_path):
    """The path of a paper's author: run, report, cite, include a figure, a number and the tables, compile."""
    out, _, _ = smoke
    report = tmp_path / "report"
    done = call("report", str(out), "--out", str(report))
    assert done.returncode == 0, done.stderr
    cited = call("cite", "quality_vs_length", "--results", str(out))
    assert cited.returncode == 0, cited.stderr
    (tmp_path / "references.bib").write_text(cited.stdout, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"""\documentclass{article}
        \usepackage[T1]{fontenc}
        \usepackage{booktabs,graphicx}
        \input{report/numbers}
        \begin{document}
        Teacher forcing reaches \ebbCopycatTaggingGruTeacherForcingFreeRunning{} (run \ebbRun of \cite{ebb}),
        and scheduled sampling \cite{bengio2015scheduled} another value.
        \begin{figure}\includegraphics{report/figures/quality_vs_length}\caption{\ebbCaptionQualityVsLength}\end{figure}
        \input{report/boards/NAME}
        \bibliographystyle{plain}\bibliography{references}
        \end{document}""".replace("NAME", out.name),
        encoding="utf-8",
    )
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined" not in (tmp_path / "paper.log").read_text(errors="replace")  # no citation, no reference
    assert "bengio2015scheduled" in (tmp_path / "paper.bbl").read_text()
    assert (tmp_path / "paper.pdf").stat().st_size > 20_000  # the figure is in it


def test_a_run_leaves_a_manifest_by_which_it_holds(smoke, capsys):
    out, _, _ = smoke
    assert execute(["verify", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["statuses"] == {"ok": 12}


def test_a_second_run_computes_nothing(smoke):
    out, _, _ = smoke
    before = {path: path.read_bytes() for path in (out / "records").rglob("*.json")}
    done = call("run", "smoke", "--out", str(out))
    assert done.returncode == 0
    assert "12 cells, 12 stored already" in done.stderr
    assert before == {path: path.read_bytes() for path in (out / "records").rglob("*.json")}


def test_a_board_in_json_is_json_and_nothing_else(smoke):
    out, _, _ = smoke
    done = call("board", str(out), "--json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)["rows"]
    copycat = next(row for row in rows if (row["task"], row["baseline"]) == ("copycat_tagging", "teacher_forcing"))
    assert [bucket["high"] for bucket in copycat["by_length"]] == [4, 8, 16, 32, 64, 128, 256]
    assert copycat["axis"] == "position"
    assert copycat["free_running_low"] is None  # one seed has no interval
    g2p = next(row for row in rows if row["task"] == "g2p_sentences")
    assert g2p["gold_prefix"] is None
    assert g2p["gap"] is None


def test_a_failed_cell_gives_exit_code_1_and_is_listed(tmp_path):
    done = call("run", "smoke", "--tasks", "g2p_sentences", "--plugin", str(PLUGIN), "--baselines", "raises",
                "--baselines", "teacher_forcing", "--baselines", "needy", "--out", str(tmp_path))  # fmt: skip
    assert done.returncode == 1
    assert "failed: g2p_sentences/transformer/raises/s0: error: KeyError: 'nothing here'" in done.stderr
    assert "not applicable: g2p_sentences: needy needs process" in done.stderr
    assert "1 of 3 cells failed" in done.stderr
    assert len(list((tmp_path / "records").rglob("*.json"))) == 3


@pytest.mark.parametrize("kind", ["tasks", "baselines", "models", "suites"])
def test_a_listing_in_json_has_the_promised_fields(capsys, kind):
    assert execute(["list", kind, "--json"]) == 0
    items = json.loads(capsys.readouterr().out)
    assert items
    for item in items:
        assert {"name", "version", "summary", "available", "reason"} <= item.keys()
        assert item["kind"] == kind
        assert item["available"] is True


def test_a_listing_for_people_names_everything(capsys):
    assert execute(["list"]) == 0
    shown = capsys.readouterr().out
    for name in ("copycat_tagging", "reinforce", "transformer", "quick"):
        assert name in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "quik"], "unknown suite 'quik'; did you mean 'quick'?"),
        (["run", "--tasks", "copycat_taging"], "unknown task 'copycat_taging'; did you mean 'copycat_tagging'?"),
        (["run", "--baselines", "reinforced"], "did you mean 'reinforce'?"),
        (["run", "--seeds", "-1"], '"-1" for --seeds. Must be >= 1'),
        (["run", "--seeds", "0"], '"0" for --seeds. Must be >= 1'),
        (["run", "--seeds", "many"], "--seeds"),
        (["run", "--updates", "0"], "--updates. Must be >= 1"),
        (["run", "--jobs", "0"], "--jobs. Must be >= 1"),
        (["run", "--timeout", "0"], "--timeout. Must be > 0"),
        (["run", "--updates", "3", "--evaluations", "5"], "a budget is in updates or in evaluations"),
        (["run", "--memory", "0"], "--memory. Must be > 0"),
        (["run", "smoke", "--address", "auto"], "--address is that of a Ray cluster and goes with --engine ray"),
        (["run", "smoke", "--gpus", "1"], "share the GPUs of this machine; --gpus goes with"),
        (["run", "smoke", "--engine", "dask"], 'Choose from: "local", "ray", "slurm"'),
        (["run", "--no-such-option"], "Unknown option"),
        (["run", "--plugin", "nowhere.py"], "there is no plugin file nowhere.py"),
        (["run", "--config", "nowhere.toml"], "there is no configuration file 'nowhere.toml'"),
        (["list", "taks"], 'Did you mean "tasks"?'),
        (["board", "nowhere"], "there are no records in nowhere"),
        (["throughput", "--models", "grus"], "did you mean 'gru'?"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_a_usage_error_gives_exit_code_2_and_says_what_is_wrong(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert execute(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert not list((tmp_path).rglob("*.json"))


def test_a_plugin_with_a_syntax_error_stops_the_run_before_it_begins(capsys, tmp_path):
    plugin = tmp_path / "broken.py"
    plugin.write_text("def broken(:\n")
    assert execute(["run", "smoke", "--plugin", str(plugin), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "broken.py cannot be imported: SyntaxError: invalid syntax (broken.py, line 1)" in error
    assert not (tmp_path / "out").exists()


def test_an_unwritable_output_folder_stops_the_run_before_it_begins(capsys, tmp_path):
    occupied = tmp_path / "occupied"
    occupied.write_text("mine")
    assert execute(["run", "smoke", "--out", str(occupied)]) == 2
    assert "cannot write to the output folder" in capsys.readouterr().err
    assert occupied.read_text() == "mine"


def test_options_can_come_from_a_file_and_an_unknown_key_is_refused(capsys, tmp_path):
    config = tmp_path / "run.toml"
    out = tmp_path / "out"
    text = f'suite = "smoke"\ntasks = ["hmm_language"]\nbaselines = ["teacher_forcing"]\nout = "{out}"\n'
    config.write_text(text + "seed = 3\n")
    assert execute(["run", "--config", str(config)]) == 2
    assert "seed" in capsys.readouterr().err
    config.write_text(text + "seeds = 2\n")
    done = call("run", f"--config={config}", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert [path.name[:3] for path in (out / "records").rglob("*.json")] == ["s0-"]


def test_a_truncated_record_is_reported_and_only_that_cell_runs_again(tmp_path):
    arguments = ("run", "smoke", "--tasks", "hmm_language", "--out", str(tmp_path))
    assert call(*arguments).returncode == 0
    records = sorted((tmp_path / "records").rglob("*.json"))
    whole = {path: path.read_bytes() for path in records}
    records[0].write_bytes(whole[records[0]][:200])

    done = call(*arguments)
    assert done.returncode == 0
    assert f"damaged record {records[0]}" in done.stderr
    assert "4 cells, 3 stored already" in done.stderr
    assert json.loads(records[0].read_bytes())["measures"] == json.loads(whole[records[0]])["measures"]
    assert all(path.read_bytes() == whole[path] for path in records[1:])


def test_a_damaged_record_does_not_keep_the_board_from_the_others(capsys, tmp_path):
    from benchmark.running.store import Store

    store = Store(tmp_path)
    store.save(make_record(make_cell(seed=0)))
    path = store.save(make_record(make_cell(seed=1)))
    path.write_text("{")
    assert execute(["board", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["rows"][0]["seeds"] == 1
    assert f"damaged record {path}" in captured.err


def test_the_version_is_that_of_the_package(capsys):
    assert execute(["--version"]) == 0
    assert capsys.readouterr().out.strip() == benchmark.__version__


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"]])
def test_help_shows_examples(capsys, arguments):
    assert execute(arguments) == 0
    assert "ebb run" in capsys.readouterr().out


def test_help_comes_within_half_a_second_and_without_torch():
    code = (
        "import sys, time; t = time.process_time(); from benchmark.cli.main import execute; execute(['--help']);"
        "print(time.process_time() - t, 'torch' in sys.modules)"
    )
    last = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()[
        -1
    ]
    seconds, has_torch = last.split()
    assert float(seconds) < 0.5
    assert has_torch == "False"
