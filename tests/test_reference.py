"""What is written of the reference run is what it says: numbers, verdicts and figures stand in its files."""

import json
import re
from pathlib import Path

import pytest

from benchmark.reporting.claims import CLAIMS
from benchmark.reporting.figures.catalogue import FIGURES

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference"
FINDINGS = ROOT / "docs" / "findings.md"
MOST_BYTES = 40_000_000

_NUMBER = r"-?\d[\d,.]*"
_INTERVAL = re.compile(rf"{_NUMBER} \[{_NUMBER}, {_NUMBER}\]")
_VERDICT = re.compile(r"\b([CS]\d+)\b \((SUPPORTED|REFUTED|MIXED|UNDERPOWERED)\)")
_FIGURE = re.compile(r"\[`([a-z_]+)`\]")

pytestmark = pytest.mark.skipif(not (REFERENCE / "claims.md").exists(), reason="there is no reference run yet")


@pytest.fixture(scope="module")
def tables() -> str:
    """Every table of the reference, as text."""
    return "\n".join(path.read_text("utf-8") for path in (REFERENCE / "claims.md", *REFERENCE.glob("boards/*.md")))


@pytest.mark.parametrize("page", [ROOT / "README.md", FINDINGS], ids=lambda path: path.name)
def test_every_number_with_an_interval_stands_in_a_table_of_the_reference(page, tables):
    quoted = _INTERVAL.findall(page.read_text("utf-8"))
    assert quoted or page != FINDINGS
    assert [one for one in quoted if one not in tables] == []


def test_every_verdict_is_that_of_the_reference():
    judged = {claim["id"]: claim["verdict"] for claim in json.loads((REFERENCE / "claims.json").read_text("utf-8"))}
    said = dict(_VERDICT.findall(FINDINGS.read_text("utf-8")))
    assert said == {name: judged[name] for name in said}
    assert said.keys() == {claim.id for claim in CLAIMS}


def test_every_paragraph_of_the_findings_names_a_figure_that_was_drawn():
    drawn = {path.stem.split("-")[0] for path in (REFERENCE / "figures").glob("*.pdf")}
    assert set(_FIGURE.findall(FINDINGS.read_text("utf-8"))) <= drawn & {figure.id for figure in FIGURES}
    results = FINDINGS.read_text("utf-8").split("## What is not covered")[0]
    paragraphs = [part for part in results.strip().split("\n\n")[2:] if not part.startswith(("#", "|", "!", "```"))]
    assert [part for part in paragraphs if not _FIGURE.search(part)] == []


def test_the_reference_is_small_enough_to_be_cloned():
    manifest = json.loads((REFERENCE / "MANIFEST.json").read_text("utf-8"))
    listed = ["MANIFEST.json", *manifest["files"], *(f"records/{place}" for place in manifest["records"])]
    assert sum((REFERENCE / place).stat().st_size for place in listed) < MOST_BYTES
