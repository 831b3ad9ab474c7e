"""Where chunks are computed: `submit` and `result`, by local processes or in one child.

A worker runs XLA on one CPU thread. That is the fastest form for small networks, and
the thread count is among what fixes the bytes.
"""

import hashlib
import importlib
import multiprocessing
import os
import platform
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

_POLL_S = 1.0


def cache_folder() -> Path:
    """Folder of compiled programs, for this machine's kind of processor."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        flags = platform.processor()
    name = hashlib.sha256((platform.machine() + flags).encode()).hexdigest()[:12]
    return Path(home) / "hitl_sim" / "xla" / name


def _watch(parent: int) -> None:
    """Leave when the parent is gone: a killed study leaves no worker behind."""
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os._exit(1)


def prepare_worker(parent: int) -> None:
    """Set up a fresh child before anything in it imports JAX's backend."""
    os.environ["NPROC"] = "1"
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(cache_folder())
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def call(module: str, function: str, *args: Any) -> Any:
    """Import and call in the worker, so that the parent need not import it."""
    return getattr(importlib.import_module(module), function)(*args)


class LocalExecutor:
    """A pool of spawned processes; leaving the context ends them.

    Attributes:
        num_workers: processes.
    """

    def __init__(self, num_workers: int) -> None:
        """Make a pool; processes start with the first `submit`.

        Raises:
            ValueError: no worker.
        """
        if num_workers < 1:
            raise ValueError(f"`workers` must be >= 1, got {num_workers}.")
        self.num_workers = num_workers
        self._pool = ProcessPoolExecutor(
            num_workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare_worker,
            initargs=(os.getpid(),),
        )

    def submit(self, module: str, function: str, *args: Any) -> "Future[Any]":
        """Queue a call of an importable function; its `result()` waits for it."""
        return self._pool.submit(call, module, function, *args)

    def __enter__(self) -> "LocalExecutor":
        """Enter the pool's context."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """End the workers, at once where an error is on its way."""
        if kind is not None:
            terminate = list((self._pool._processes or {}).values())
            for process in terminate:
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
