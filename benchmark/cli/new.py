"""`ebb new`: begin a baseline, a task or a model."""

import keyword
import re
from pathlib import Path
from typing import Literal

from benchmark.errors import UsageError

Kind = Literal["baseline", "task", "model"]


def new(kind: Kind, name: str, *, out: Path | None = None, package: bool = False) -> int:
    """Write a commented plugin file that passes `ebb check` as it is.

    Examples:

        ebb new baseline my_method
        ebb check my_method --plugin my_method.py
        ebb new task my_task --package      a package with an entry point, found wherever it is installed

    Args:
        kind: baseline, task or model.
        name: in small letters, digits and underscores; it is the name of the plugin and of its file.
        out: folder to write into; here if not given.
        package: write a folder `ebb-NAME` with a pyproject.toml that announces the plugin by an entry point.
    """
    from benchmark.checking.templates import plugin_source, project_source
    from benchmark.contracts.registry import KINDS, Registry

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"a name has small letters, digits and underscores and begins with a letter, got {name!r}")
    registry = Registry()
    if taken := [entry for kinds in KINDS for entry in registry.of(kinds) if entry.name == name]:
        raise UsageError(f"{name!r} is the name of {taken[0].source} already; choose another")
    folder = (out or Path()) / f"ebb-{name.replace('_', '-')}" if package else out or Path()
    file = folder / (f"ebb_{name}.py" if package else f"{name}.py")
    _write(file, plugin_source(kind, name))
    if package:
        _write(folder / "pyproject.toml", project_source(kind, name))
        print(f"written: {file} and {folder / 'pyproject.toml'}")
        print(f"next: pip install -e {folder} && ebb check {name}")
    else:
        print(f"written: {file}")
        print(f"next: ebb check {name} --plugin {file}")
    return 0


def _write(file: Path, text: str) -> None:
    """Write a new file.

    Raises:
        UsageError: if it is there already or cannot be written; nothing is overwritten.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"{file} is there already, and nothing is overwritten") from None
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from None
