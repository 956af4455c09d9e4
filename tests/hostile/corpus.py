"""A corpus of hostile files, each with the one reason for which it is refused. What is large is made when it is read.

A record is hostile by what was done to the text of a good one, or by what stands in its place.
"""

import hashlib
import json
import os
import pickle
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.running.cell import canonical_key
from benchmark.running.record import Record
from tests.factories import make_cell, make_record

GOOD = make_record(make_cell(end=0.5, coin="token")).model_copy(
    update={"provenance": {"torch": "2.13.0+cpu", "finished": "2026-11-26T14:21:15+00:00"}}
)
TEXT = json.dumps(json.loads(GOOD.to_json()), indent=1)
PLACE = f"{GOOD.cell.id}-{GOOD.cell.key[:12]}.json"

Make = Callable[[Path], None]
"""Puts a hostile file at a path."""


@dataclass(frozen=True)
class Hostile:
    """A hostile file.

    Attributes:
        family: what kind of attack it is.
        name: what it does.
        reason: a pattern of why it is refused.
    """

    family: str
    name: str
    make: Make
    reason: str


def content(data: bytes | str) -> Make:
    """Write this."""

    def make(path: Path) -> None:
        path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)

    return make


def changed(old: str, new: str) -> Make:
    """Replace the first occurrence of a text in a good record."""
    assert old in TEXT, old
    return content(TEXT.replace(old, new, 1))


def having(keys: str, value: Any) -> Make:
    """Set a value of a good record by its path, e.g. `cell.task.name`."""
    found = json.loads(TEXT)
    *parents, last = keys.split(".")
    inner = found
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return content(json.dumps(found))


def without(keys: str) -> Make:
    """Take away a part of a good record."""
    found = json.loads(TEXT)
    *parents, last = keys.split(".")
    inner = found
    for parent in parents:
        inner = inner[parent]
    del inner[last]
    return content(json.dumps(found))


def sparse(size: int) -> Make:
    """Make a file of so many bytes that takes no room."""

    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, size)

    return make


def link(target: str, beside: bool = False) -> Make:
    """Make a symbolic link; with `beside` to a good record that is put there first."""

    def make(path: Path) -> None:
        if beside:
            (path.parent / target).write_text(TEXT)
        path.symlink_to(target)

    return make


_NAME = r"cell\.\w+\.name: a name is up to 100 letters"
_LABEL = "a label holds printable characters alone"
_KEY = "a key is up to 100 letters"
_POINT = {"low": 1, "high": 4, "value": 0.5}

RECORDS = [
    # names
    Hostile("markup", "script tag for a task", having("cell.task.name", "<script>alert(1)</script>"), _NAME),
    Hostile("markup", "script tag for a measure", changed('"gap":', '"<script>alert(1)</script>":'), _KEY),
    Hostile("markup", "attribute that breaks out of quotes", having("cell.model.name", '"onload="alert(1)'), _NAME),
    Hostile("markup", "LaTeX that reads a file", having("cell.baseline.name", r"\input{/etc/passwd}"), _NAME),
    Hostile("markup", "formula of a spreadsheet", having("cell.baseline.name", "=HYPERLINK(1)"), _NAME),
    Hostile("markup", "terminal markup for a name", having("cell.baseline.name", "[link=x]reinforce[/link]"), _NAME),
    Hostile("markup", "Markdown link for a knob", changed('"coin":', '"[coin](http://x)":'), _KEY),
    Hostile("path", "task above the store", having("cell.task.name", "../../../../etc/cron.d/x"), _NAME),
    Hostile("path", "absolute path for a model", having("cell.model.name", "/etc/passwd"), _NAME),
    Hostile("path", "two dots for a baseline", having("cell.baseline.name", ".."), _NAME),
    Hostile("path", "backslashes", having("cell.task.name", "..\\..\\x"), _NAME),
    Hostile("path", "zero byte in a name", having("cell.task.name", "x\0.json"), _NAME),
    Hostile("path", "name too long for a file",
            having("cell.task.name", "a" * 300), _NAME),
    Hostile("path", "in the place of another cell", having("cell.seed", 7), "it holds the record of another cell"),
    # numbers
    Hostile("numbers", "1e308", having("measures.gap.value", 1e308), "measures.gap.value: a number may be as large as"),
    Hostile("numbers", "-1e308 on a curve", having("curves.free_running", [_POINT | {"value": -1e308}]),
            "curves.free_running.0.value: a number may be as large as"),
    Hostile("numbers", "1e999", changed('"evaluations": 100.0', '"evaluations": 1e999'), "should be a finite number"),
    Hostile("numbers", "NaN as JSON has none", changed('"value": 0.9', '"value": NaN'), "should be a finite number"),
    Hostile("numbers", "Infinity as JSON has none",
            changed('"value": 0.9', '"value": Infinity'), "should be a finite number"),
    Hostile("numbers", "NaN in quotes", changed('"value": 0.9', '"value": "NaN"'), "Input should be a valid number"),
    Hostile("numbers", "seed of 5,000 digits", changed('"seed": 0', '"seed": ' + "9" * 5000), "number out of range"),
    Hostile("numbers", "seed beyond 2^53", having("cell.seed", 2**64), "cell.seed: Input should be less"),
    Hostile("numbers", "negative seed", having("cell.seed", -1), "cell.seed: Input should be greater"),
    Hostile("numbers", "floor that is the ceiling", having("facts.floor", 1.0), "floor and ceiling must differ"),
    Hostile("numbers", "ranges that fall", having("curves.free_running", [_POINT] * 2), "at 1 or later and rise"),
    Hostile("numbers", "position 0", having("curves.free_running", [_POINT | {"low": 0}]), "must begin at 1 or later"),
    # size
    Hostile("size", "100 MB", sparse(100 * 2**20), r"larger than 2,097,152 bytes \(104,857,600\)"),
    Hostile("size", "a terabyte", sparse(2**40), r"larger than 2,097,152 bytes"),
    Hostile("size", "nothing", content(b""), "EOF while parsing"),
    Hostile("size", "100,000 brackets", content("[" * 100_000), "recursion limit exceeded"),
    Hostile("size", "100,000 objects in a record",
            changed('"curves": {', '"curves": ' + '{"a":' * 100_000), "recursion limit"),
    Hostile("size", "curve of 10,000 points", having("curves.gap", [_POINT] * 10_000), "at most 1000 items"),
    Hostile("size", "log of 10,000 lines", having("training_log", [{"nll": 1.0}] * 10_000), "at most 1000 items"),
    Hostile("size", "unit of 100,000 letters", having("measures.gap.unit", "n" * 100_000), "a label holds at most 300"),
    # keys
    Hostile("keys", "status twice",
            changed('"status": "ok"', '"status": "error", "status": "ok"'), "'status' stands twice"),
    Hostile("keys", "value twice in a point",
            changed('"value": 0.9', '"value": 0.1, "value": 0.9'), "'value' stands twice"),
    Hostile("keys", "twice, once escaped",
            changed('"seed": 0', '"s\\u0065ed": 1, "seed": 0'), "'seed' stands twice"),
    Hostile("keys", "twice, a default left out",
            changed('"reason": "",\n "traceback"', '"status" : "ok",\n "traceback"'), "'status' stands twice"),
    Hostile("keys", "measure twice", changed('"gap":', '"free_running":'), "'free_running' stands twice"),
    Hostile("keys", "knob twice", changed('"coin":', '"end": 0.1, "coin":'), "'end' stands twice"),
    Hostile("keys", "unknown key", having("plugin", "mine.py"), "plugin: Extra inputs are not permitted"),
    Hostile("keys", "unknown key of a cell", having("cell.__class__", "os.system"), "Extra inputs are not permitted"),
    Hostile("keys", "no cell", without("cell"), "cell: Field required"),
    Hostile("keys", "ok without a result", without("measures.free_running"), "there is no measures.free_running"),
    Hostile("keys", "measure without its unit", without("measures.gap.unit"), "measures.gap.unit: "),
    # types
    Hostile("types", "seed in quotes", having("cell.seed", "0"), "cell.seed: Input should be a valid integer"),
    Hostile("types", "seed as a fraction", having("cell.seed", 0.5), "cell.seed: Input should be a valid integer"),
    Hostile("types", "true for a number", having("measures.gap.value", True), "Input should be a valid number"),
    Hostile("types", "list for a measure", having("measures.gap", [1, 2]), "measures.gap: Input should be an object"),
    Hostile("types", "object for a curve", having("curves.gap", {}), "curves.gap: Input should be a valid array"),
    Hostile("types", "number for a reason", having("reason", 3), "reason: Input should be a valid string"),
    Hostile("types", "unknown status", having("status", "ok "), "status: Input should be 'ok'"),
    Hostile("types", "unknown direction", having("measures.gap.direction", "up"), "Input should be 'higher', 'lower'"),
    Hostile("types", "schema of the future", having("schema_version", 99), "schema_version: Input should be 1"),
    Hostile("types", "list", content("[]"), "Input should be an object"),
    Hostile("types", "null", content("null"), "Input should be an object"),
    # text
    Hostile("unicode", "right-to-left override in a unit", having("measures.gap.unit", "ytilauq\u202e"), _LABEL),
    Hostile("unicode", "zero-width space in a metric", having("facts.metric", "accu\u200bracy"), _LABEL),
    Hostile("unicode", "Cyrillic letter that looks Latin", having("cell.baseline.name", "te\u0430cher_forcing"), _NAME),
    Hostile("unicode", "zero-width joiner in a name", having("cell.baseline.name", "teacher\u200d_forcing"), _NAME),
    Hostile("unicode", "letter with a combining mark", having("cell.task.name", "copycat\u0301"), _NAME),
    Hostile("unicode", "full-width letters in a measure", changed('"gap":', '"\uff47\uff41\uff50":'), _KEY),
    Hostile("unicode", "escape sequence in a unit", having("measures.gap.unit", "\x1b]0;owned\x07"), _LABEL),
    Hostile("unicode", "line break in a provenance", having("provenance.torch", "2.13\nfailed: all"), _LABEL),
    Hostile("unicode", "line separator in a control", having("facts.controls", {"a\u2028b": 1.0}), _LABEL),
    Hostile("unicode", "lone surrogate",
            changed('"reason": ""', '"reason": "\\ud800"'), "Invalid JSON: unexpected end of hex"),
    Hostile("unicode", "bytes that are no UTF-8",
            content(TEXT.encode().replace(b"labels", b"lab\xff\xfels", 1)), "unicode code point"),
    Hostile("unicode", "overlong slash",
            content(TEXT.encode().replace(b"labels", b"\xc0\xaf", 1)), "unicode code point"),
    Hostile("unicode", "UTF-16", content(TEXT.encode("utf-16")), "Invalid JSON"),
    # other formats
    Hostile("format", "pickle", content(pickle.dumps({"a": print})), "Invalid JSON: expected value"),
    Hostile("format", "packed", content(zlib.compress(TEXT.encode())), "Invalid JSON: expected value"),
    Hostile("format", "cut in the middle", content(TEXT[: len(TEXT) // 2]), "EOF while parsing"),
    Hostile("format", "two records in a file", content(TEXT + TEXT), "trailing characters"),
    Hostile("format", "Python, not JSON", content(repr(json.loads(TEXT))), "Invalid JSON: key must be a string"),
    # what is no file
    Hostile("links", "link out of the store", link("/etc/passwd"), "it is a symbolic link"),
    Hostile("links", "link to a good record outside",
            link("../../../../../outside.json", beside=True), "it is a symbolic link"),
    Hostile("links", "link to itself", link(Path(PLACE).name), "it is a symbolic link"),
    Hostile("links", "link to nothing", link("nowhere.json"), "it is a symbolic link"),
    Hostile("links", "pipe", lambda path: os.mkfifo(path), "it is not a regular file"),
    Hostile("links", "folder", lambda path: path.mkdir(), "it is not a regular file"),
]  # fmt: skip


def archive(*members: tuple[str, bytes], mode: int = 0) -> Make:
    """Make a zip file of these members."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, data in members:
                member = zipfile.ZipInfo(name)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = mode << 16
                file.writestr(member, data)

    return make


def lying(path: Path) -> None:
    """Make a zip file whose member says that it is small: both headers of 5 MB of zeros say 1,000 bytes."""
    archive(("x.json", bytes(5 * 2**20)))(path)
    size = (5 * 2**20).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))


ARCHIVES = [
    Hostile("archive", "bomb: 9 MB in 9 kB", archive(*((f"{i}.json", bytes(2**20)) for i in range(9))),
            "unpacks to 1,048,576 bytes from"),
    Hostile("archive", "member larger than a record",
            archive(("x.json", os.urandom(2**21 + 1))), "unpacks to 2,097,153"),
    Hostile("archive", "member that says it is small", lying, "not a zip file that can be read|size that it says"),
    Hostile("archive", "member above the folder", archive(("../../x.json", b"{}")), "leads out of the folder"),
    Hostile("archive", "absolute member", archive(("/etc/x.json", b"{}")), "leads out of the folder"),
    Hostile("archive", "member of another system", archive(("C:\\x.json", b"{}")), "leads out of the folder"),
    Hostile("archive", "link", archive(("x.json", b"/etc/passwd"), mode=0o120777), "is a symbolic link"),
    Hostile("archive", "member twice", archive(("x.json", b"{}"), ("x.json", b"[]")), "stands twice"),
    Hostile("archive", "no archive", content(TEXT), "not a zip file that can be read"),
]  # fmt: skip


_NAME_IN_ARCHIVE = f"records/{PLACE}"
_RECORD = TEXT.encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(**records: str) -> bytes:
    """A manifest of the good record and of these."""
    listed = {PLACE: digest(_RECORD)} | records
    return json.dumps({"schema_version": 1, "planned": {}, "records": listed}).encode()


def submission(*members: tuple[str, bytes], listed: bytes | None = None) -> Make:
    """Make an archive as `ebb pack` does: a manifest, the good record unless another has its name, and these."""
    named = {"MANIFEST.json": listed or manifest(), _NAME_IN_ARCHIVE: _RECORD} | dict(members)
    return archive(*named.items())


def _renamed() -> tuple[str, bytes]:
    """The good record as an older version would have written and named it."""
    found = json.loads(TEXT)
    del found["cell"]["replicate"]
    return f"{GOOD.cell.id}-{canonical_key(found['cell'])[:12]}.json", json.dumps(found).encode()


def _of(hostile: Make) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        hostile(path)
        return path.read_bytes()


_OLDER, _OLDER_RECORD = _renamed()
_MARKUP = _of(having("cell.task.name", "<script>alert(1)</script>"))
_EDITED = _of(having("measures.gap.value", 0.001))
_OTHER_PLACE = PLACE.replace("/s0-", "/s1-")

SUBMISSIONS = [
    Hostile("submission", "no manifest", archive((_NAME_IN_ARCHIVE, _RECORD)), "holds no MANIFEST.json"),
    Hostile("submission", "manifest that is a pickle",
            submission(listed=pickle.dumps({"a": print})), "MANIFEST.json': it is not JSON"),
    Hostile("submission", "manifest that lists a file outside",
            submission(listed=manifest(**{"../../etc/passwd": 64 * "0"})), "should match pattern"),
    Hostile("submission", "number changed after the run",
            submission((_NAME_IN_ARCHIVE, _EDITED)), "its hash is not that of the manifest"),
    Hostile("submission", "record that the manifest does not list",
            submission(listed=b'{"planned": {}, "records": {}}'), "the manifest does not list it"),
    Hostile("submission", "record that is not there",
            submission(listed=manifest(**{"x/y/z/s0-0.json": 64 * "0"})), "lists it, and it is not there"),
    Hostile("submission", "record in the place of another cell",
            submission((f"records/{_OTHER_PLACE}", _RECORD)), "it holds the record of another cell"),
    Hostile("submission", "record of a cell twice, under the key of an older version",
            submission((f"records/{_OLDER}", _OLDER_RECORD), listed=manifest(**{_OLDER: digest(_OLDER_RECORD)})),
            "a record of the same cell stands beside it"),
    Hostile("submission", "record with markup for a name",
            submission((_NAME_IN_ARCHIVE, _MARKUP), listed=manifest(**{PLACE: digest(_MARKUP)})), _NAME),
    Hostile("submission", "program beside the records",
            submission(("records/setup.py", b"print(1)")), "neither the manifest nor a record"),
    Hostile("submission", "archive in the archive",
            submission(("inner.zip", _of(archive(("x.json", b"{}"))))), "neither the manifest nor a record"),
]  # fmt: skip


def refuses(hostile: Hostile, reason: str | None) -> bool:
    """Whether something was refused, and for the reason that was expected."""
    return reason is not None and re.search(hostile.reason, reason) is not None


def harmless_record(**fields: Any) -> Record:
    """The good record with other fields."""
    return GOOD.model_copy(update=fields)
