"""Where compiled programs are kept between processes, for this kind of processor."""

import hashlib
import os
import platform
from pathlib import Path
from typing import Any


def cpuinfo_line(name: str) -> str:
    """Find the line in which the system names something of a processor, or ""."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(name)), "")


def cache_folder() -> Path:
    """Folder of compiled programs, for this machine's kind of processor."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    flags = cpuinfo_line("flags") or platform.processor()
    name = hashlib.sha256((platform.machine() + flags).encode()).hexdigest()[:12]
    return Path(home) / "hitl_sim" / "xla" / name


def cache_settings() -> dict[str, Any]:
    """Settings by which JAX keeps whatever it has compiled."""
    return {
        "jax_compilation_cache_dir": str(cache_folder()),
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }


def cache_environment() -> dict[str, str]:
    """Say the same by variables, for a process that is about to start."""
    return {name.upper(): str(value) for name, value in cache_settings().items()}
