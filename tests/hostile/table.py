"""Write `docs/untrusted.md`: what is done about files from others, and the hostile corpus with what became of it.

python -m tests.hostile.table
"""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmark.reading import Refused
from benchmark.reporting.escapes import markdown
from benchmark.running.store import Damaged, Store
from benchmark.running.submissions import read_submission
from tests.hostile.corpus import ARCHIVES, GOOD, PLACE, RECORDS, SUBMISSIONS, Hostile

DOCUMENT = Path(__file__).parents[2] / "docs" / "untrusted.md"

_ABOUT = """\
# Files from others

Records, traces, manifests, archives, trials of `ebb tune` and configuration may come from anyone. Each is read as data
and nothing else; what follows is held by `tests/hostile`, and this page is written by `python -m tests.hostile.table`.
The page of results has a content security policy that lets nothing load and no other script run.

**A plugin is code and runs with the rights of whoever runs it.** So do the packages that are installed beside it. Read
a plugin before you run it; nothing below applies to it.

* **JSON and TOML only.** Nothing is unpickled; `torch.load` is called with `weights_only=True`.
* **Bounded before it is read.** A record has at most 2 MiB, the trials of a study 16 MiB, a curve 1,000 points, a label
  300 characters, a number a size of 1e50. Reasons and tracebacks keep 20,000 characters. Only regular files are opened:
  no link, pipe or device.
* **Strict.** A key that stands twice, an unknown key, a number in quotes, NaN and infinity are refused, and so is a
  record that is ok and has no result.
* **Confined.** Names of tasks, models and baselines are letters, digits and `_.-`; a record is read from the place that
  its own cell names and from no other. Archives are unpacked in memory, within bounds, and refused as a whole where a
  record is not the one of the manifest beside it, or anything else is in them. What they say never enters a folder of
  records: `ebb board DIR --with FILE` writes a board beside that of the folder, each row with its origin.
* **A hash shows what changed after the run, not who ran it.** Whoever makes an archive can make its manifest too;
  `ebb verify --cells` computes cells again.
* **Inert where it is printed.** Each format has one escape: HTML, LaTeX, Markdown, CSV, figures, the terminal. Control
  characters, right-to-left overrides and the like are written out.

A refused file is named with its reason, keeps no other file from being read, and is never deleted.

"""

_OLD = """\

## Records of older versions

Records of every former version of the harness still load (`tests/historic`). Their key differs from that of today's
cell, so `ebb status` calls the cell stale and `--why` says what differs; `ebb run` computes today's cell beside it and
touches nothing. A board shows both in rows of their own, named by what differs. `ebb verify` checks their hash and
schema; it cannot compute them again and says so.
"""


def document() -> str:
    """Run the corpus and return the page."""
    lines = ["| kind | file | refused because |", "| --- | --- | --- |"]
    refused, count = 0, 0
    for hostile, reason in outcomes():
        count += 1
        refused += reason is not None
        lines.append(f"| {hostile.family} | {markdown(hostile.name)} | {markdown(reason or 'NOT REFUSED')} |")
    title = f"## The hostile corpus\n\n{refused} of {count} files are refused, each for the reason expected of it.\n\n"
    return _ABOUT + title + "\n".join(lines) + "\n" + _OLD


def outcomes() -> Iterator[tuple[Hostile, str | None]]:
    """Yield each hostile file and why it is refused, None where it is not."""
    for hostile in RECORDS:
        with tempfile.TemporaryDirectory() as name:
            store = Store(Path(name))
            (store.records / PLACE).parent.mkdir(parents=True)
            hostile.make(store.records / PLACE)
            found = store.load(GOOD.cell)
            yield hostile, _short(found.reason, name) if isinstance(found, Damaged) else None
    for hostile in ARCHIVES + SUBMISSIONS:
        with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = Path(name, "results.zip")
            hostile.make(path)
            try:
                read_submission(path)
            except Refused as problem:
                yield hostile, _short(str(problem), name)
            else:
                yield hostile, None


def _short(reason: str, folder: str) -> str:
    reason = reason.replace(f"{folder}/", "")
    return reason if len(reason) <= 120 else f"{reason[:117]}..."


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"written: {DOCUMENT}")
