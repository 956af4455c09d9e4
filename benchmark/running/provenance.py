"""Where a number comes from: software, hardware and time."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

import benchmark

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "pydantic")


def provenance() -> dict[str, str]:
    """Describe this process; every value is text."""
    return {**_fixed(), "finished": datetime.now(UTC).isoformat(timespec="seconds")}


@cache
def _fixed() -> dict[str, str]:
    packages = {name: _version(name) for name in _PACKAGES}
    return {
        "ebb": benchmark.__version__,
        "commit": commit(),
        "python": platform.python_version(),
        **packages,
        **_torch_build(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": str(psutil.cpu_count(logical=False) or os.cpu_count()),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.1f}",
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
    }


def _torch_build() -> dict[str, str]:
    """What else decides the last bits of a number; only a process that computes has torch loaded and can say it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {"torch_build": str(torch.version.git_version), "cpu_capability": torch.backends.cpu.get_cpu_capability()}


@cache
def commit() -> str:
    """Return the commit of the source checkout, `-dirty` if it was changed, or "unknown" outside one."""
    command = ["git", "-C", str(Path(benchmark.__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
