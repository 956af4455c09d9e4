"""The report of a folder of records: boards, figures, numbers and their manifest."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli.main import execute
from benchmark.reporting.latex import macro_name
from benchmark.running.manifest import write_manifest
from benchmark.running.store import Store
from tests.reporting.figures.records import full_records

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex, of TeX Live")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two tasks, three methods, two seeds, as a run leaves them."""
    store, records = Store(tmp_path_factory.mktemp("run") / "tiny"), full_records(["one", "two"])
    for record in records:
        store.save(record)
    write_manifest(store, [record.cell for record in records])
    return store.root


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert execute(["report", str(folder), "--out", str(out)]) == 0
    return out


def contents(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_report_has_boards_figures_numbers_and_the_hash_of_each(out):
    files = contents(out)
    manifest = json.loads(files.pop("MANIFEST.json"))
    assert {f"boards/tiny.{kind}" for kind in ("md", "tex", "csv", "json")} <= files.keys()
    assert {f"figures/survival.{kind}" for kind in ("pdf", "svg", "png", "csv", "json")} <= files.keys()
    assert "numbers.tex" in files
    assert manifest["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert len(manifest["records"]) == 12


def test_two_reports_in_fresh_processes_are_the_same_to_the_byte(folder, out, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere" / "tiny")
    command = [sys.executable, "-m", "benchmark.cli", "report", str(tmp_path / "elsewhere" / "tiny")]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([*command, "--out", str(tmp_path / "again")], check=True, capture_output=True, env=environment)
    assert contents(tmp_path / "again") == contents(out)


def test_the_figures_of_a_board_are_those_of_the_report(folder, out, tmp_path):
    shutil.copytree(folder, tmp_path / "tiny")
    execute(["board", str(tmp_path / "tiny")])
    for name in ("quality_vs_length.pdf", "performance_profile.png", "performance_profile.json"):
        assert (tmp_path / "tiny" / "figures" / name).read_bytes() == (out / "figures" / name).read_bytes()


def test_skipped_figures_are_printed_with_their_reason(folder, tmp_path, capsys):
    execute(["report", str(folder), "--out", str(tmp_path)])
    assert "figure throughput skipped: there is no throughput.json" in capsys.readouterr().err


def test_a_report_beside_its_records_holds_until_a_file_or_a_record_is_changed(folder, tmp_path, capsys):
    shutil.copytree(folder, tmp_path / "tiny")
    run = str(tmp_path / "tiny")
    assert execute(["report", run]) == 0
    assert execute(["verify", run]) == 0
    record = next((tmp_path / "tiny" / "records").rglob("*.json"))
    record.write_text(record.read_text() + "\n")
    (tmp_path / "tiny" / "figures" / "survival.csv").write_text("")
    execute(["report", run, "--out", str(tmp_path / "other")])  # does not launder the record
    capsys.readouterr()
    assert execute(["verify", run, "--json"]) == 1
    faulty = {fault["where"] for fault in json.loads(capsys.readouterr().out)["faults"]}
    assert faulty == {"figures/survival.csv", record.relative_to(tmp_path / "tiny" / "records").as_posix()}


def test_a_report_does_not_vouch_for_a_record_that_was_changed_after_the_run(folder, tmp_path, capsys):
    shutil.copytree(folder, tmp_path / "tiny")
    record = next((tmp_path / "tiny" / "records").rglob("*.json"))
    record.write_text(record.read_text() + "\n")
    execute(["report", str(tmp_path / "tiny")])
    assert execute(["verify", str(tmp_path / "tiny")]) == 1


def test_every_headline_number_is_a_macro_of_letters(out):
    text = (out / "numbers.tex").read_text()
    macros = dict(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}\n", text))
    assert len(macros) == text.count("newcommand")
    board = json.loads((out / "boards" / "tiny.json").read_text())
    row = next(row for row in board["rows"] if row["task"] == "one" and row["baseline"] == "reinforce")
    assert macros["ebbOneGruReinforceFreeRunning"] == f"{row['free_running']:.3f}"
    assert macros["ebbOneGruReinforceGain"].startswith(r"\ensuremath{-}0.0")  # worse than teacher forcing
    assert macros["ebbCommit"] == "0123456789ab"
    assert macros["ebbCells"] == "12"
    assert macros["ebbOverallTeacherForcingMeanRank"] == "1.000"


def test_digits_and_knobs_in_names_become_letters():
    assert macro_name("g2p_words", "scheduled_sampling:end=0.5") == "ebbGTwoPWordsScheduledSamplingEndZeroFive"


def test_an_unknown_venue_names_those_there_are(folder, tmp_path, capsys):
    pytest.importorskip("tueplots", reason="needs the extra `paper`")
    assert execute(["report", str(folder), "--out", str(tmp_path), "--venue", "icml2042"]) == 2
    assert "icml2024" in capsys.readouterr().err


@needs_latex
def test_a_paper_takes_figure_numbers_and_tables_as_they_are(out, tmp_path):
    text = compile_paper(
        tmp_path,
        rf"""
        \input{{{out}/numbers}}
        \begin{{document}}
        Run \ebbRun: reinforce reaches \ebbOneGruReinforceFreeRunning{{}} on task one.
        \begin{{figure}}\includegraphics{{{out}/figures/survival.pdf}}\caption{{\ebbCaptionSurvival}}\end{{figure}}
        \input{{{out}/boards/tiny}}
        \end{{document}}
        """,
    )
    assert "reinforce reaches 0.6" in text
    assert "Kaplan-Meier" in text
    assert "teacher_forcing" in text


def compile_paper(folder: Path, body: str) -> str:
    """Compile a minimal paper and return its text, as LaTeX writes it into the log when asked to show boxes."""
    preamble = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx}"
    (folder / "paper.tex").write_text(preamble + body, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    if shutil.which("pdftotext") is None:
        pytest.skip("it compiles; to read it needs pdftotext, of poppler")
    read = subprocess.run(["pdftotext", "paper.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True)
    return read.stdout
