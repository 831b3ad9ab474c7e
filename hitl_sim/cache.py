"""What is kept between processes, compiled programs first, up to a size.

    import hitl_sim as hs

    print(hs.cache.state())
    hs.cache.set_limit(2.0)  # GB

The folder is `$XDG_CACHE_HOME/hitl_sim`, or `~/.cache/hitl_sim`. Nothing in it is ever
locked: an entry is found by a hash of all that it follows from, may be removed while
others run, and is then made anew. So no process that hangs or is killed can keep
another from reading or writing.
"""

import contextlib
import hashlib
import os
import pickle
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hitl_sim.output import write_bytes, write_text

__all__ = ["State", "clear", "set_limit", "state", "tidy"]

Kept = TypeVar("Kept")

LIMIT_GB = 4.0
"""Size of the cache where no other was set, GB."""
_B_PER_GB = 1e9
_XLA = "xla"
_SOURCES = ("hitl_sim", "oracles")
_LIBRARIES = ("flax", "matplotlib", "numpy", "optax", "scikit-learn", "scipy")
"""Beside JAX, installed code that what is kept was made of or by."""


class State(NamedTuple):
    """What the cache holds.

    Attributes:
        folder: where it is.
        num_entries: files.
        size_gb: of all of them, GB.
        num_old: of them, those of other versions, which go first.
        limit_gb: size that it is cut to when a study starts, GB.
    """

    folder: Path
    num_entries: int
    size_gb: float
    num_old: int
    limit_gb: float


class _Entry(NamedTuple):
    """A file of the cache; in the order in which they go."""

    is_current: bool
    used_s: float
    path: Path
    size_b: int


def cpuinfo_line(name: str) -> str:
    """Find the line in which the system names something of a processor, or ""."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(name)), "")


def cache_settings() -> dict[str, Any]:
    """Settings by which JAX keeps whatever it has compiled.

    JAX's own limit is off: it reads and writes under one lock, and one entry whose
    writer was killed ends all writing (jax 0.10).
    """
    return {
        "jax_compilation_cache_dir": str(_folder() / _XLA),
        "jax_compilation_cache_max_size": -1,
        "jax_persistent_cache_min_compile_time_secs": 0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }


def cache_environment() -> dict[str, str]:
    """Say the same by variables, for a process that is about to start."""
    return {name.upper(): str(value) for name, value in cache_settings().items()}


def keep_programs() -> None:
    """Let this process keep what JAX compiles, unless a folder is set already."""
    jax: Any = import_module("jax")
    if jax.config.jax_compilation_cache_dir is None:
        tidy()
        for name, value in cache_settings().items():
            jax.config.update(name, value)


def keep(name: str, key: Any, make: Callable[[], Kept]) -> Kept:
    """Return what was made for a key before, in whatever process; else make it.

    Args:
        name: what it is, as the begin of a file's name.
        key: what it follows from, beside this package's own code and the versions of
            what it stands on; equal keys have an equal `repr`.
        make: makes it; what it returns can be pickled.
    """
    told = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    path = _folder() / _code() / f"{name}-{told}"
    # a damaged pickle raises whatever its bytes make of it
    with contextlib.suppress(Exception):
        found: Kept = pickle.loads(path.read_bytes())
        _touch(path)
        return found
    made = make()
    # a cache that cannot be written is no reason to fail
    with contextlib.suppress(OSError):
        write_bytes(path, pickle.dumps(made))
    return made


def state() -> State:
    """Say where the cache is, what it holds and how large it may become."""
    found = list(_entries())
    return State(
        _root(),
        len(found),
        sum(entry.size_b for entry in found) / _B_PER_GB,
        sum(not entry.is_current for entry in found),
        _limit_gb(),
    )


def set_limit(size_gb: float) -> None:
    """Keep the cache below a size from now on, and cut it to that at once.

    Args:
        size_gb: GB, >= 0.

    Raises:
        ValueError: the size is none.
    """
    if not 0.0 <= size_gb < float("inf"):
        raise ValueError(f"`limit` must be >= 0 GB and finite, got {size_gb}.")
    write_text(_limit_file(), f"{size_gb}\n")
    tidy()


def clear() -> None:
    """Remove all that is kept, of all versions; the limit stays."""
    for path in _root().glob("*/"):
        shutil.rmtree(path, ignore_errors=True)


def tidy() -> None:
    """Remove broken entries, and above the limit old ones, those least used first.

    Entries of other versions of JAX or of this package's code go before all others.
    """
    _remove_broken()
    found = sorted(_entries())
    size_b = sum(entry.size_b for entry in found)
    for entry in found:
        if size_b <= _limit_gb() * _B_PER_GB:
            break
        entry.path.unlink(missing_ok=True)
        size_b -= entry.size_b


def _root() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "hitl_sim"


def _folder() -> Path:
    """Folder of these versions of JAX, and of this machine's kind of processor."""
    flags = cpuinfo_line("flags") or platform.processor()
    machine = hashlib.sha256((platform.machine() + flags).encode()).hexdigest()[:12]
    return _root() / f"jax-{version('jax')}-{version('jaxlib')}" / machine


@cache
def _code() -> str:
    """Hash this package's sources and the versions of what they stand on."""
    told = hashlib.sha256(sys.version.encode())
    told.update(repr([(name, version(name)) for name in _LIBRARIES]).encode())
    for top in _SOURCES:
        root = Path(str(getattr(find_spec(top), "origin", ""))).parent
        for path in sorted(root.rglob("*.py")):
            told.update(path.read_bytes())
    return told.hexdigest()[:12]


def _limit_file() -> Path:
    return _root() / "limit_gb"


def _limit_gb() -> float:
    try:
        return float(_limit_file().read_text())
    except (OSError, ValueError):
        return LIMIT_GB


def _entries() -> Iterator[_Entry]:
    folder = _folder()
    current = folder / _XLA, folder / _code()
    for path in _root().glob("*/**/*"):
        # others may remove what was just listed
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if path.is_file():
                # a system notes a file's reading late or never; its writing always
                used_s = max(found.st_atime, found.st_mtime)
                yield _Entry(path.parent in current, used_s, path, found.st_size)


def _remove_broken() -> None:
    """Remove programs whose writer was killed.

    JAX writes them in place, and never writes over one that is there: what was broken
    once would be compiled by every process from then on. Those that were there at the
    last look are not read again.
    """
    folder = _folder() / _XLA
    seen = folder / ".seen"
    with contextlib.suppress(OSError):
        since_s = seen.stat().st_mtime if seen.exists() else 0.0
        seen.touch()
        for path in folder.glob("*-cache"):
            if path.stat().st_mtime >= since_s and not _is_whole(path.read_bytes()):
                path.unlink(missing_ok=True)


def _is_whole(program: bytes) -> bool:
    """Whether a program can be decompressed, by what JAX would do it with."""
    for name in ("compression.zstd", "zstandard", "zlib"):
        with contextlib.suppress(ImportError):
            decompress = import_module(name).decompress
            break
    try:
        decompress(program)
    except Exception:  # each library has an error of its own
        return False
    return True


def _touch(path: Path) -> None:
    """Note that an entry was used, where the folder can be written."""
    with contextlib.suppress(OSError):
        os.utime(path)
