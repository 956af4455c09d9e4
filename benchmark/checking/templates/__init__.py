"""Files that `ebb new` writes: each passes `ebb check` as it is."""

from importlib.resources import files
from string import Template
from typing import Literal

Kind = Literal["baseline", "task", "model"]

_PROJECT = Template("""[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "ebb-$dashed"
version = "0.1.0"
description = "$title for the exposure-bias benchmark"
requires-python = ">=3.11"
dependencies = ["exposure-bias-benchmark"]

[project.entry-points."ebb.${kind}s"]
$name = "ebb_$name:$class_name"

[tool.hatch.build.targets.wheel]
only-include = ["ebb_$name.py"]
""")


def plugin_source(kind: Kind, name: str) -> str:
    """Return the text of a plugin file: commented, and right as it stands."""
    template = files(__name__).joinpath(f"{kind}.txt").read_text(encoding="utf-8")
    return Template(template).substitute(_words(name))


def project_source(kind: Kind, name: str) -> str:
    """Return the pyproject.toml of a package that announces the plugin by an entry point."""
    return _PROJECT.substitute(_words(name), kind=kind)


def _words(name: str) -> dict[str, str]:
    class_name = "".join(part.capitalize() for part in name.split("_"))
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "class_name": class_name,
        "state_name": f"{class_name}State",
        "dashed": name.replace("_", "-"),
    }
