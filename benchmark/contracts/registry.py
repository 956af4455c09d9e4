"""Finding plugins: a file in `tasks/`, `baselines/` or the models' folder, an entry point, or a file named by the user.

A plugin that does not import is kept with its error, so that every listing shows it; it is never skipped silently.
"""

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar, cast

from benchmark.contracts.baseline import Baseline
from benchmark.contracts.model import SequenceModel
from benchmark.contracts.own import task_of_file
from benchmark.contracts.task import Task
from benchmark.errors import UsageError, unknown_name

Kind = Literal["tasks", "baselines", "models"]
Plugin = type[Task] | type[Baseline] | type[SequenceModel]
P = TypeVar("P", bound=Task | Baseline | SequenceModel)

_BASES: dict[Kind, type] = {"tasks": Task, "baselines": Baseline, "models": SequenceModel}
_FOLDERS: dict[Kind, str] = {"tasks": "tasks", "baselines": "baselines", "models": "benchmark.models"}
KINDS: tuple[Kind, ...] = tuple(_BASES)


@dataclass(frozen=True)
class Entry:
    """A plugin that was found, or what became of it.

    Attributes:
        source: where it was found: a module, an entry point or a file.
        builtin: whether it ships with the suite; then its version stands for it, else the hash of its source does.
        plugin: the class, None where it could not be had.
        error: why it could not be had, else "".
    """

    kind: Kind
    name: str
    source: str
    builtin: bool
    plugin: Plugin | None
    error: str = ""

    @property
    def version(self) -> str:
        """What stands for the plugin's behaviour in the key of a cell."""
        if self.plugin is None:
            return ""
        edition = self.plugin.edition if issubclass(self.plugin, Task) else ""
        if self.builtin:
            return f"{self.plugin.version} {edition}".strip()
        source = Path(inspect.getfile(self.plugin)).read_bytes()
        return f"sha256:{hashlib.sha256(source).hexdigest()[:16]} {edition}".strip()

    @property
    def summary(self) -> str:
        """First line of the class's documentation."""
        return ((self.plugin and self.plugin.__doc__) or "").strip().partition("\n")[0]

    @property
    def reason(self) -> str:
        """Why it cannot be used here, else ""."""
        missing = self.plugin.missing() if self.plugin is not None and issubclass(self.plugin, Task) else ""
        return self.error or missing


class Registry:
    """All plugins that can be found."""

    def __init__(self, files: Iterable[Path] = ()) -> None:
        _check_folders()
        self.entries: list[Entry] = []
        for kind, folder in _FOLDERS.items():
            self._add(_in_folder(kind, folder))
            self._add(_in_entry_points(kind))
        for file in files:
            self._add(_in_file(file))

    def _add(self, found: Iterable[Entry]) -> None:
        for entry in found:
            twin = next((e for e in self.entries if (e.kind, e.name) == (entry.kind, entry.name)), None)
            if twin is None:
                self.entries.append(entry)
            elif twin.plugin is not entry.plugin:
                raise UsageError(
                    f"{entry.kind} {entry.name!r} exists twice: in {twin.source} and in {entry.source}; rename one"
                )

    def of(self, kind: Kind) -> list[Entry]:
        """Return the entries of a kind by name."""
        return sorted((entry for entry in self.entries if entry.kind == kind), key=lambda entry: entry.name)

    def entry(self, kind: Kind, name: str) -> Entry:
        """Return the entry of that name.

        Raises:
            UsageError: if nothing has that name, or if it does not import.
        """
        entries = {entry.name: entry for entry in self.of(kind)}
        if name not in entries:
            raise unknown_name(kind.removesuffix("s"), name, entries)
        if entries[name].plugin is None:
            raise UsageError(f"{kind.removesuffix('s')} {name!r} cannot be imported: {entries[name].error}")
        return entries[name]

    def task(self, name: str) -> type[Task]:
        """Return a task's class by name."""
        return self._plugin("tasks", name, Task)

    def baseline(self, name: str) -> type[Baseline]:
        """Return a baseline's class by name."""
        return self._plugin("baselines", name, Baseline)

    def model(self, name: str) -> type[SequenceModel]:
        """Return a model's class by name."""
        return self._plugin("models", name, SequenceModel)

    def _plugin(self, kind: Kind, name: str, base: type[P]) -> type[P]:
        plugin = self.entry(kind, name).plugin
        assert plugin is not None and issubclass(plugin, base)
        return plugin


def _check_folders() -> None:
    """Other distributions may be called `tasks` or `baselines` too; say so rather than read theirs."""
    home = Path(__file__).parents[2]
    for name in ("tasks", "baselines"):
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).parents[1] if spec and spec.origin else None
        if origin != home:
            raise UsageError(
                f"the package {name!r} that Python finds is not this suite's ({origin}); "
                "install the suite in a virtual environment of its own"
            )


def _plugins_of(module: ModuleType) -> Iterator[tuple[Kind, Plugin]]:
    for value in vars(module).values():
        if inspect.isclass(value) and value.__module__ == module.__name__ and not inspect.isabstract(value):
            for kind, base in _BASES.items():
                if issubclass(value, base) and hasattr(value, "name"):
                    yield kind, cast(Plugin, value)


def _describe(error: BaseException) -> str:
    where = f" ({Path(error.filename or '?').name}, line {error.lineno})" if isinstance(error, SyntaxError) else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}{where}"


def _in_folder(kind: Kind, folder: str) -> Iterator[Entry]:
    package = importlib.import_module(folder)
    for info in pkgutil.iter_modules(package.__path__):
        source = f"{folder}.{info.name}"
        try:
            module = importlib.import_module(source)
        except Exception as error:  # whatever a plugin does wrong is shown, and the others go on
            yield Entry(kind, info.name, source, True, None, _describe(error))
            continue
        yield from (Entry(kind, plugin.name, source, True, plugin) for _, plugin in _plugins_of(module))


def _in_entry_points(kind: Kind) -> Iterator[Entry]:
    for point in entry_points(group=f"ebb.{kind}"):
        source = f"entry point {point.name} = {point.value}"
        try:
            plugin: Any = point.load()
            if not (inspect.isclass(plugin) and issubclass(plugin, _BASES[kind])):
                raise TypeError(f"{point.value} is not a {_BASES[kind].__name__}")
            found = cast(Plugin, plugin)
        except Exception as error:
            yield Entry(kind, point.name, source, False, None, _describe(error))
            continue
        yield Entry(kind, found.name, source, False, found)


def _in_file(file: Path) -> Iterator[Entry]:
    """Import a file that the user named, or make a task of a TOML file; an error is the user's to mend at once.

    Raises:
        UsageError: if the file is not there, does not import, or defines no plugin.
    """
    if not file.is_file():
        raise UsageError(f"there is no plugin file {file}")
    if file.suffix == ".toml":
        task = task_of_file(file)
        yield Entry("tasks", task.name, str(file), False, task)
        return
    name = f"ebb_plugin_{file.stem}_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    module = sys.modules.get(name)
    if module is None:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise UsageError(f"the plugin {file} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise UsageError(f"the plugin {file} cannot be imported: {_describe(error)}") from error
    found = list(_plugins_of(module))
    if not found:
        raise UsageError(f"the plugin {file} defines no Task, Baseline or SequenceModel with a name")
    yield from (Entry(kind, plugin.name, str(file), False, plugin) for kind, plugin in found)
