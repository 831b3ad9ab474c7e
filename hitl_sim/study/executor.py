"""Where chunks are computed: `submit` and `result`, here by processes of this machine.

A worker runs XLA on one CPU thread. That is the fastest form for small networks, and
the thread count is among what fixes the bytes. A worker that dies takes only its own
call with it: the next call of its rank starts another.

On Linux workers are forked from one process, multiprocessing's fork server, that has
imported what they need and started nothing of it: imports take seconds, a fork none.
Elsewhere, or where a variable that JAX reads was changed since, each is started anew.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from abc import ABC, abstractmethod
from concurrent.futures import Future
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait as wait_for
from typing import Any, Self

from hitl_sim.cache import cache_environment, cache_settings

_CAN_FORK = sys.platform == "linux"
WORKER = "hitl_sim.study.worker"
"""Module of what a worker is asked to compute, imported before it is forked."""
_READ_AT_IMPORT = ("JAX_", "XLA_", "PYTHON")
"""Begins of variables that a forked worker has read, whatever they have become."""
_IDLE = ("PYTHONHASHSEED",)
"""Of them what no record hangs on, and what libraries change: Dask sets the seed."""
_CALLS = threading.Lock()
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 * 2**20
_CUDA_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


class WorkerLostError(RuntimeError):
    """A worker process ended before its call did."""


class Executor(ABC):
    """Where calls are made: each of an importable function, by name.

    Attributes:
        num_workers: calls that can be under way at once.
        is_by_share: whether a worker should get its share of the work in one call,
            because starting it is dear; else it keeps what it has compiled.
    """

    num_workers: int
    is_by_share = False

    @abstractmethod
    def submit(self, module: str, function: str, *args: Any) -> "Future[Any]":
        """Queue a call; its `result()` waits for it."""

    def __enter__(self) -> Self:
        """Enter the executor's context."""
        return self

    @abstractmethod
    def __exit__(self, kind: object, *_: object) -> None:
        """End the workers, at once where an error is on its way."""


def worker_environment() -> dict[str, str]:
    """Name the variables that must be set before anything starts JAX's backend.

    Its linear algebra on a CPU is SciPy's, whose threads are counted when that is
    imported.
    """
    return {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1", **cache_environment()}


def prepare_process() -> None:
    """Set this process up for calls, whatever it has imported before.

    A spawned child runs the imports of its parent's script first; a worker of another
    engine may have done anything. JAX reads the variables once, when it is imported.
    """
    os.environ.update(worker_environment())
    jax = sys.modules.get("jax")
    if jax is not None:
        for name, value in cache_settings().items():
            jax.config.update(name, value)


def gpu_names() -> tuple[str, ...]:
    """Name the NVIDIA devices that JAX could use here; none without its plugin."""
    if not any(importlib.util.find_spec(name) for name in _CUDA_PLUGINS):
        return ()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(name for name in chosen.split(",") if name)
    return tuple(str(i) for i in range(_count_gpus()))


def _count_gpus() -> int:
    import pynvml  # noqa: PLC0415  only where JAX has a plugin for it

    try:
        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:
        return 0


def call(module: str, function: str, *args: Any) -> Any:
    """Import and call in the worker, so that the parent need not import it."""
    return getattr(importlib.import_module(module), function)(*args)


def call_prepared(module: str, function: str, *args: Any) -> Any:
    """Make a call in a worker that another engine started; one at a time in each."""
    with _CALLS:
        prepare_process()
        return call(module, function, *args)


@cache
def prepare_workers() -> dict[str, str]:
    """Have imported what workers need, before there is a call; nobody waits for it.

    Returns:
        The variables that are read by it; none where workers do not fork.
    """
    if not _CAN_FORK:
        return {}
    own = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONSAFEPATH": "1",
        **worker_environment(),
    }
    before, found = dict(os.environ), _variables()
    os.environ.update(own)
    try:
        forkserver.set_forkserver_preload([WORKER])
        forkserver.ensure_running()
    finally:
        for name in own:
            os.environ.pop(name)
        os.environ.update({k: v for k, v in before.items() if k in own})
    return found


def _variables() -> dict[str, str]:
    """Return what importing reads, but for what `prepare_process` says again."""
    names = {n for n in os.environ if n.startswith(_READ_AT_IMPORT)}
    names -= {*worker_environment(), *_IDLE}
    return {name: os.environ[name] for name in names}


def _start_method() -> str:
    is_same = _CAN_FORK and prepare_workers() == _variables()
    return "forkserver" if is_same else "spawn"


def _watch() -> None:
    """Leave when the parent is gone: a killed study leaves no worker behind."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def keep_freed_memory() -> None:
    """Let the allocator keep what XLA frees; it asks for the same again at once.

    By default glibc hands the top of its heap back to the system after each operation
    and takes it anew for the next: seen, 1,900 page faults and 4 ms per run of a small
    network. Nothing happens where the C library is another.
    """
    try:
        tune = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    tune(_M_TRIM_THRESHOLD, KEPT_BYTES)
    tune(_M_MMAP_THRESHOLD, KEPT_BYTES)


def give_back_memory() -> None:
    """Return what is free to the system: a compiler has just held half a gibibyte."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def stay_on_core(rank: int) -> None:
    """Keep this process on one of the cores that it may use; before JAX starts.

    XLA hands small operations from one thread to another, also where one computes. On
    one core that is a call; between two that other programs use as well, each waits for
    its turn. Nothing happens where the system cannot do it.

    Args:
        rank: of the worker; equal ranks modulo the number of cores share a core.
    """
    with contextlib.suppress(AttributeError, OSError):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[rank % len(cores)]})


def _serve(
    connection: Connection, environment: dict[str, str], rank: int | None
) -> None:
    """Answer calls in a fresh child until the pipe is closed."""
    os.environ.clear()
    os.environ.update(environment)
    prepare_process()
    if rank is not None:
        stay_on_core(rank)
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, daemon=True).start()
    # a pipe that breaks is a parent that is gone
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            connection.send(_answer(connection.recv()))


def _answer(job: tuple[Any, ...]) -> tuple[bool, Any]:
    """Make a call and say whether it went well; what is said can be sent."""
    try:
        answer: tuple[bool, Any] = (True, call(*job))
    except Exception as error:
        error.add_note(traceback.format_exc())
        answer = (False, error)
    try:
        pickle.dumps(answer)
    except (TypeError, ValueError, AttributeError, pickle.PicklingError) as error:
        return False, RuntimeError(f"{error!r}: {answer[1]!r}")
    return answer


class _Child:
    """One worker process and the pipe to it."""

    def __init__(self, gpu: str | None, rank: int | None) -> None:
        context: Any = multiprocessing.get_context(_start_method())
        self._connection, other = context.Pipe()
        seen = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
        args = (other, {**os.environ, **seen}, rank)
        self.process = context.Process(target=_serve, args=args, daemon=True)
        self.process.start()
        other.close()

    def call(self, job: tuple[Any, ...]) -> Any:
        """Make one call.

        Raises:
            WorkerLostError: the process ended first.
        """
        try:
            self._connection.send(job)
            wait_for([self._connection, self.process.sentinel])
            is_ok, answer = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            self.process.join()
            raise WorkerLostError(
                "A worker process must live until its call is done, but one ended "
                f"with code {self.process.exitcode}; killed from outside, perhaps for "
                "want of memory."
            ) from error
        if is_ok:
            return answer
        raise answer

    def close(self) -> None:
        """Let the process end."""
        self._connection.close()
        self.process.join()


class LocalExecutor(Executor):
    """Spawned processes of this machine; leaving the context ends them.

    Where JAX can use several GPUs, each worker sees one of them; where it can use none,
    each worker stays on one core.
    """

    def __init__(self, num_workers: int) -> None:
        """Make the workers; processes start with their first call.

        Raises:
            ValueError: no worker.
        """
        if num_workers < 1:
            raise ValueError(f"`workers` must be >= 1, got {num_workers}.")
        self.num_workers = num_workers
        self._jobs: queue.SimpleQueue[tuple[Future[Any], tuple[Any, ...]] | None] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._children: dict[int, _Child] = {}
        self._gpus = gpu_names()
        prepare_workers()
        self._is_ending = False

    def submit(self, module: str, function: str, *args: Any) -> "Future[Any]":
        """Queue a call of an importable function; its `result()` waits for it."""
        future: Future[Any] = Future()
        self._jobs.put((future, (module, function, *args)))
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._attend, args=(rank,), daemon=True)
                for rank in range(self.num_workers)
            ]
            for thread in self._threads:
                thread.start()
        return future

    def _attend(self, rank: int) -> None:
        """Hand one worker its calls, and start another where it was lost."""
        gpu = self._gpus[rank % len(self._gpus)] if len(self._gpus) > 1 else None
        # two studies with one worker each should not meet on the first core
        core = None if self._gpus else os.getpid() + rank
        while (job := self._jobs.get()) is not None:
            future, args = job
            if self._is_ending or not future.set_running_or_notify_cancel():
                future.cancel()
                continue
            try:
                if rank not in self._children:
                    self._children[rank] = _Child(gpu, core)
                if self._is_ending:
                    self._children[rank].process.terminate()
                future.set_result(self._children[rank].call(args))
            except WorkerLostError as error:
                self._children.pop(rank)
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)

    def __exit__(self, kind: object, *_: object) -> None:
        """End the workers, at once where an error is on its way."""
        self._is_ending = kind is not None
        if kind is not None:
            for child in list(self._children.values()):
                child.process.terminate()
        for _rank in self._threads:
            self._jobs.put(None)
        for attendant in self._threads:
            attendant.join()
        for child in self._children.values():
            child.close()
        self._threads, self._children, self._is_ending = [], {}, False
