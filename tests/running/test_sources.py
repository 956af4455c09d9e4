"""The version guard: what made published results is what the sources still are, or has another version."""

from pathlib import Path

import pytest

from benchmark.contracts.registry import Registry
from benchmark.running.manifest import Manifest, read_manifest, write_manifest
from benchmark.running.sources import changed_sources, hash_source, source_hashes
from benchmark.running.store import Store
from tests.factories import make_cell

REFERENCE = Path(__file__).parents[2] / "results" / "reference"

SOURCE = '''"""A task."""

class Task:
    """What it is."""

    rate = 0.5  # why

    def sample(self):
        """Draw."""
        return self.rate
'''


@pytest.mark.parametrize("old, new", [("# why", "# because"), ("Draw.", "Draw rows."), ("\n\nclass", "\n\n\n\nclass")])
def test_comments_docstrings_and_blank_lines_are_not_what_a_source_does(old, new):
    assert old in SOURCE
    assert hash_source(SOURCE.replace(old, new)) == hash_source(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"), [("0.5", "0.6"), ("self.rate\n", "self.rate * 2\n"), ("    rate", "    ratio")]
)
def test_any_other_change_is(old, new):
    assert hash_source(SOURCE.replace(old, new)) != hash_source(SOURCE)


def test_a_changed_source_of_the_same_version_is_named():
    former = source_hashes(Registry(), [make_cell()])
    assert set(former) == {"tasks copycat_tagging 1", "baselines teacher_forcing 1"}
    assert changed_sources(Registry(), former) == []
    assert changed_sources(Registry(), former | {"tasks copycat_tagging 1": "0" * 64}) == ["tasks copycat_tagging 1"]
    assert changed_sources(Registry(), {"tasks copycat_tagging 0": "0" * 64}) == []


def test_the_manifest_keeps_the_hash_that_it_had_first(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    for digest in ("0" * 64, "1" * 64):
        write_manifest(store, [make_cell()], {"tasks a 1": digest})
    found = read_manifest(store)
    assert isinstance(found, Manifest)
    assert found.sources == {"tasks a 1": "0" * 64}


@pytest.mark.skipif(not (REFERENCE / "MANIFEST.json").exists(), reason="there is no reference run yet")
def test_tasks_and_methods_of_the_reference_are_those_that_made_it():
    found = read_manifest(Store(REFERENCE))
    assert isinstance(found, Manifest), found
    changed = changed_sources(Registry(), found.sources)
    assert not changed, (
        f"the sources of {', '.join(changed)} are not those that made results/reference: raise `version` in the class, "
        "or, if no number changes, run its cells of the reference again (`ebb run full --force --tasks NAME`)"
    )
