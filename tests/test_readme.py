"""Every code block of the README is executed: the two that install, in a fresh clone, by the slow group."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme import ROOT, Block, blocks, installs

EVERYDAY = [block for block in blocks() if not installs(block)]
COMMANDS = [block for block in EVERYDAY if block.language == "bash"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A folder of its own, with the files that the README writes; the blocks are run in it in any order."""
    folder = tmp_path_factory.mktemp("readme")
    for block in EVERYDAY:
        if block.language == "python":
            name = block.text.splitlines()[0].removeprefix("# ")
            (folder / name).write_text(block.text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("block", COMMANDS, ids=[block.text.splitlines()[0][:40] for block in COMMANDS])
def test_a_block_of_the_readme_runs(workplace, block: Block):
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", block.text], cwd=workplace, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_leads_with_its_two_commands():
    first, second = blocks()[:2]
    assert first.text.strip().endswith("ebb run")
    assert second.text.strip().endswith("pytest -n auto")
    assert all(installs(block) and len(block.text.splitlines()) == 1 for block in (first, second))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "results/README.md"])
def test_links_and_paths_in_the_documents_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:benchmark|tasks|baselines|tests|results)/[\w/.]*)`", text)
    made_by_running = ("results/runs", "results/reference")
    for name in links + [path for path in paths if not path.startswith(made_by_running)]:
        assert (ROOT / name).exists(), name
    assert links or paths or document == "results/README.md"


def test_ci_calls_the_test_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m1 'pytest' README.md" in script
    first_line_with_pytest = next(line for line in (ROOT / "README.md").read_text().splitlines() if "pytest" in line)
    assert first_line_with_pytest == blocks()[1].text.strip()
