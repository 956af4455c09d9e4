"""`ebb cite`: BibTeX that BibTeX reads, for everything that has a paper."""

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass

import pytest
import yaml

import benchmark
from benchmark.cli import cite as command
from benchmark.cli.main import execute
from benchmark.contracts import SequenceModel
from benchmark.contracts.registry import Registry
from benchmark.reporting.citing import split, suite_entry
from benchmark.running.store import Store
from tests.factories import make_cell, make_record
from tests.readme import ROOT

PAPERS = {
    entry.name: entry.plugin.citation
    for entry in Registry().entries
    if entry.plugin is not None and not issubclass(entry.plugin, SequenceModel)
}


def cited(capsys, *arguments: str) -> str:
    capsys.readouterr()
    assert execute(["cite", *arguments]) == 0
    return capsys.readouterr().out


def keys(bibtex: str) -> list[str]:
    return re.findall(r"^@\w+\{([^,]+),$", bibtex, re.MULTILINE)


@pytest.mark.parametrize("name", PAPERS)
def test_every_task_and_method_cites_a_paper_in_sound_bibtex(name):
    (text,) = split(PAPERS[name])
    assert re.match(r"@(article|inproceedings|book|manual|misc)\{\w+,\n", text)
    assert text.count("{") == text.count("}")
    assert re.search(r"title = \{.*\}", text)
    assert re.search(r"year = \{\d{4}\}", text)


def test_one_paper_has_one_key_and_one_text():
    texts: dict[str, set[str]] = {}
    titles: dict[str, set[str]] = {}
    for text in map(str.strip, PAPERS.values()):
        found = re.search(r"title = \{(.*?)\},?\n", text)
        assert found
        texts.setdefault(keys(text)[0], set()).add(text)
        titles.setdefault(re.sub(r"\W", "", found[1]).lower(), set()).add(keys(text)[0])
    assert all(len(found) == 1 for found in [*texts.values(), *titles.values()]), (texts, titles)


def test_the_suite_is_cited_by_what_stands_in_its_citation_file(capsys):
    declared = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert declared["version"] == project["version"] == benchmark.__version__
    assert declared["repository-code"] == project["urls"]["Repository"]
    shown = cited(capsys)
    assert f"% caption: {declared['abstract']}" in shown.splitlines()
    for value in (declared["title"], declared["version"], declared["authors"][0]["name"], declared["repository-code"]):
        assert value in suite_entry()
    assert keys(shown) == ["ebb"]


def test_several_names_make_one_file_in_which_each_paper_stands_once(capsys):
    shown = cited(capsys, "running_sum", "two_symbols", "scheduled_sampling", "free_running")
    assert keys(shown) == ["huszar2015not", "ebb", "bengio2015scheduled"]
    assert "% made by: ebb run --baselines scheduled_sampling --baselines teacher_forcing" in shown
    assert "% caption: Feed the model's own token" in shown
    content = json.loads(cited(capsys, "two_symbols", "--json"))
    assert [(one["kind"], one["command"], len(one["entries"])) for one in content] == [
        ("task", "ebb run --tasks two_symbols", 2)
    ]


@dataclass(frozen=True)
class FakeFigure:
    id: str = "some_figure"
    question: str = "How does it fall off?"
    caption: str = "Mail to a@b."


def test_a_figure_cites_the_tasks_and_methods_of_its_records(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "figures", lambda: (FakeFigure(),))
    store = Store(tmp_path)
    for baseline in ("teacher_forcing", "reinforce", "of_somebody_else"):
        store.save(make_record(make_cell("sorting", baseline)))
    shown = cited(capsys, "some_figure", "--results", str(tmp_path))
    assert set(keys(shown)) == {"vinyals2016order", "williams1989learning", "williams1992simple", "ebb"}
    assert f"% made by: ebb report {tmp_path}" in shown
    assert "% caption: How does it fall off? Mail to a(at)b." in shown


def test_a_name_that_nothing_has_is_answered_with_the_nearest(capsys):
    assert execute(["cite", "scheduled_samplin"]) == 2
    assert "did you mean 'scheduled_sampling'" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="BibTeX is not installed")
def test_bibtex_reads_the_citations_of_everything_and_misses_at_most_a_journal(tmp_path, capsys):
    (tmp_path / "all.bib").write_text(cited(capsys, *PAPERS))
    (tmp_path / "paper.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{all}\n")
    done = subprocess.run(["bibtex", "paper"], cwd=tmp_path, capture_output=True, text=True, check=False)
    warnings = [line for line in done.stdout.splitlines() if line.startswith("Warning") and "empty" not in line]
    assert (done.returncode, warnings) == (0, []), done.stdout
    assert "\\bibitem{bengio2015scheduled}" in (tmp_path / "paper.bbl").read_text()


def test_every_figure_of_a_report_can_be_cited(tmp_path, capsys):
    Store(tmp_path).save(make_record(make_cell("sorting")))
    declared = [figure.id for figure in command.figures()]
    content = json.loads(cited(capsys, *declared, "--results", str(tmp_path), "--json"))
    assert [one["name"] for one in content] == declared
    assert all(len(one["caption"]) > 40 and len(one["entries"]) == 3 for one in content)
