"""The process that a worker is: its threads, its device, its memory."""

import contextlib
import platform
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim import __version__

_POOL = "tf_XLAEigen"
_LOOKS, _PAUSE_S = 100, 0.01


def xla_threads() -> int | None:
    """Threads of XLA's compute pool in this process, None where they cannot be seen.

    A thread bears the name of the one that started it until it takes its own: what a
    compiler has just started in the pool is seen to go within a second.
    """
    jnp.zeros(1).block_until_ready()
    for _ in range(_LOOKS):
        threads = _pool_threads()
        if threads in (1, None):
            break
        time.sleep(_PAUSE_S)
    return threads


def _pool_threads() -> int | None:
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return None
    names = []
    for task in tasks.iterdir():
        # one may end while it is looked at
        with contextlib.suppress(OSError):
            names.append((task / "comm").read_text().strip())
    return names.count(_POOL)


def vmap_size_here(dispatch_size: int, vmap_size: int | None) -> int:
    """Return how many runs this process maps together: as given, or by its device."""
    return vmap_size or (1 if jax.devices()[0].platform == "cpu" else dispatch_size)


def compiler_options() -> dict[str, Any]:
    """Say how programs are compiled here: on a CPU at XLA's level 1, not its 3.

    That takes two thirds of the time; the code ran as fast and gave the same bytes in
    all of the programs that were tried (docs/speed.md). Level 0 does neither.
    """
    on_cpu = jax.devices()[0].platform == "cpu"
    return {"xla_backend_optimization_level": 1} if on_cpu else {}


def environment(dispatch_size: int, vmap_size: int | None) -> dict[str, Any]:
    """What fixes the bytes beside program and seed; see the manifest.

    Args:
        dispatch_size: runs per dispatch.
        vmap_size: of them, runs that are mapped together; None leaves it to the device.

    Raises:
        RuntimeError: XLA runs on more than one CPU thread.
    """
    device = jax.devices()[0]
    threads = xla_threads() if device.platform == "cpu" else None
    if device.platform == "cpu" and threads not in (1, None):
        raise RuntimeError(
            f"XLA must run on one thread in a worker, got {threads}. The variable "
            "NPROC=1 must be set before the backend starts."
        )
    return {
        "hitl_sim": __version__,
        "jax": jax.__version__,
        "jaxlib": version("jaxlib"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device_kind": device.device_kind,
        "platform": device.platform,
        "xla_threads": 1 if threads is None else threads,
        "dispatch_size": dispatch_size,
        "vmap_size": vmap_size_here(dispatch_size, vmap_size),
    }


def peak_mib() -> float:
    """Largest resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 if sys.platform != "darwin" else 1024.0**2)
