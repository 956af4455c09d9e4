"""The README's main command in a fresh clone, and what its leaderboard must show."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.readme import ROOT, blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The files that git knows, as they are now."""
    target = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def main_job(clone) -> subprocess.CompletedProcess[str]:
    began = time.monotonic()
    done = subprocess.run(["bash", "-euc", blocks()[0].text], cwd=clone, capture_output=True, text=True, check=False)
    print(f"\nthe README's first command took {time.monotonic() - began:.0f} s, install included")
    print(done.stderr[-2000:], done.stdout, sep="\n")
    return done


@pytest.fixture(scope="module")
def rows(clone, main_job) -> dict[tuple[str, str], dict[str, Any]]:
    assert main_job.returncode == 0, main_job.stderr
    board = json.loads((clone / "results/runs/quick/leaderboard.json").read_text(encoding="utf-8"))["rows"]
    return {(row["task"], row["baseline"]): row for row in board}


def late(row: dict[str, Any], name: str) -> float:
    """Mean over positions 65 to 256, each position counting once."""
    buckets = [bucket for bucket in row["by_length"] if bucket["low"] >= 65]
    sizes = [bucket["high"] - bucket["low"] + 1 for bucket in buckets]
    return sum(size * bucket[name] for size, bucket in zip(sizes, buckets, strict=True)) / sum(sizes)


def test_it_ends_with_a_leaderboard_over_three_tasks_four_methods_and_three_seeds(main_job, rows):
    assert {task for task, _ in rows} == {"copycat_tagging", "hmm_language", "g2p_sentences"}
    assert len(rows) == 14
    assert all(row["status"] == {"ok": 3} for row in rows.values())
    for name in ("copycat_tagging (gru)", "hmm_language (lstm)", "g2p_sentences (transformer)"):
        assert name in main_job.stdout


def test_teacher_forcing_copies_itself_on_copycat_tagging(rows):
    row = rows["copycat_tagging", "teacher_forcing"]
    assert late(row, "free_running") <= 0.40
    assert late(row, "gold_prefix") >= 0.97


@pytest.mark.parametrize(("baseline", "least"), [("scheduled_sampling", 0.90), ("reinforce", 0.88)])
def test_own_prefixes_mend_copycat_tagging(rows, baseline, least):
    assert late(rows["copycat_tagging", baseline], "free_running") >= least


def test_the_null_control_has_no_exposure_bias(rows):
    row = rows["hmm_language", "teacher_forcing"]
    assert 0.95 <= row["free_running"] / row["gold_prefix"] <= 1.05


def test_scheduled_sampling_harms_the_null_control(rows):
    harmed = rows["hmm_language", "scheduled_sampling"]["free_running"]
    assert harmed >= 3 * rows["hmm_language", "teacher_forcing"]["free_running"]


def test_the_real_task_is_learned(rows):
    assert rows["g2p_sentences", "teacher_forcing"]["by_length"][0]["free_running"] < 0.2


def test_a_method_that_is_a_package_outside_the_repository_comes_onto_the_leaderboard(clone, main_job):
    assert main_job.returncode == 0
    environment = os.environ | {"PATH": f"{clone / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    for block in blocks("CONTRIBUTING.md")[:2]:
        commands = [line for line in block.text.splitlines() if "venv" not in line]  # the main job has installed it
        done = subprocess.run(["bash", "-euc", "\n".join(commands)], cwd=clone, env=environment, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "my_packaged_method" in (clone / "results/runs/packaged/leaderboard.md").read_text(encoding="utf-8")
