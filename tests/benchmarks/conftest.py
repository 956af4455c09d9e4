"""What is saved beside timings says nothing of whose machine it was."""

from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Keep the processor and the build of Python; drop the name of the machine and of its kernel."""
    for name in ("node", "release"):
        machine_info.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(config: pytest.Config, commit_info: dict[str, Any]) -> None:
    """Keep the commit; drop the names of folder and branch."""
    commit_info["project"] = "ebb"
    commit_info["branch"] = ""
