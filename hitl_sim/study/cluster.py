"""Executors that stand on an engine of others: Dask, and Slurm through submitit.

Specs go out and reports come back; records are written by the workers, so that they
need the results folder and the data under the same path as the submitting host.
"""

import importlib
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from hitl_sim.study.executor import (
    Executor,
    LocalExecutor,
    WorkerLostError,
    call_prepared,
    worker_environment,
)

_POLL_S = 0.5
_WAIT_S = 60


@dataclass(frozen=True)
class Place:
    """Where a study's chunks are computed.

    Attributes:
        kind: "local" processes, a "dask" cluster, or "slurm" jobs.
        workers: processes, or jobs; of a Dask scheduler that is named, those that it
            has are used.
        scheduler: address of a Dask scheduler; a cluster on this machine without.
        slurm: parameters of submitit's executor, as "timeout_min" or
            "slurm_partition"; "cluster" names one of its kinds.
    """

    kind: Literal["local", "dask", "slurm"] = "local"
    workers: int = 1
    scheduler: str | None = None
    slurm: Mapping[str, Any] = field(default_factory=dict)


def place_of(
    kind: str, workers: int, scheduler: str | None, slurm: Iterable[str]
) -> Place:
    """Read a place from a command line's words.

    Args:
        kind: "local", "dask" or "slurm".
        workers: processes or jobs.
        scheduler: of Dask.
        slurm: "name=value" each; a value is a number where it can be read as one.

    Raises:
        ValueError: an unknown kind, or a word that does not belong to the kind.
    """
    if kind not in ("local", "dask", "slurm"):
        raise ValueError(
            f"`executor` must be one of 'local', 'dask', 'slurm', got {kind!r}."
        )
    if scheduler is not None and kind != "dask":
        raise ValueError(
            f"`scheduler` must be left out unless --executor is 'dask', got {kind!r}."
        )
    given: dict[str, Any] = {}
    for word in slurm:
        name, mark, value = word.partition("=")
        if kind != "slurm" or not name or not mark:
            raise ValueError(
                "`slurm` must be name=value, with --executor slurm, got "
                f"{word!r} with {kind!r}."
            )
        given[name] = int(value) if value.isdigit() else value
    return Place(kind, workers, scheduler, given)  # type: ignore[arg-type]


def open_executor(place: Place, num_jobs: int, out: Path) -> Executor:
    """Make the executor of a place, with no more workers than jobs.

    Args:
        place: where.
        num_jobs: calls that will be made.
        out: results folder, below which submitit keeps its files.

    Raises:
        ValueError: no worker, or what a place needs is not installed.
    """
    if place.workers < 1:
        raise ValueError(f"`workers` must be >= 1, got {place.workers}.")
    workers = max(min(place.workers, num_jobs), 1)
    if place.kind == "dask":
        return DaskExecutor(workers, place.scheduler)
    if place.kind == "slurm":
        return SlurmExecutor(workers, out / "sidecar" / "jobs", place.slurm)
    return LocalExecutor(workers)


def _need(module: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"`executor` {extra!r} must have the package {module!r}, which is not "
            f"installed: pip install 'hitl-sim[{extra}]'."
        ) from error


class DaskExecutor(Executor):
    """Workers of a Dask scheduler; each makes one call at a time."""

    def __init__(self, num_workers: int, scheduler: str | None) -> None:
        """Connect to a scheduler, or start a cluster of this machine's processes.

        Args:
            num_workers: processes of a cluster that is started.
            scheduler: address, as "tcp://host:8786".

        Raises:
            ValueError: Dask is not installed, or nobody answers at the address.
        """
        distributed = _need("distributed", "dask")
        self._cluster = None
        if scheduler is None:
            self._cluster = distributed.LocalCluster(
                n_workers=num_workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address=None,
                env=worker_environment(),
            )
        try:
            self._client = distributed.Client(self._cluster or scheduler)
            self._client.wait_for_workers(1, timeout=_WAIT_S)
        except (OSError, ValueError) as error:
            raise ValueError(
                "`scheduler` must be the address of a Dask scheduler with workers, "
                f"got {scheduler!r}: {error}."
            ) from error
        self._lost = distributed.KilledWorker
        self.num_workers = sum(self._client.nthreads().values())

    def submit(self, module: str, function: str, *args: Any) -> "Future[Any]":
        """Queue a call of an importable function; its `result()` waits for it."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        remote = self._client.submit(call_prepared, module, function, *args, pure=False)

        def hand_over(done: Any) -> None:
            error = done.exception()
            if isinstance(error, self._lost):
                error = WorkerLostError(str(error))
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        remote.add_done_callback(hand_over)
        return future

    def __exit__(self, kind: object, *_: object) -> None:
        """Leave the scheduler, and end a cluster that was started here."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


class SlurmExecutor(Executor):
    """Jobs of submitit: by Slurm where it is there, or of another of its kinds.

    A job starts Python and compiles anew.
    """

    is_by_share = True

    def __init__(
        self, num_workers: int, folder: Path, parameters: Mapping[str, Any]
    ) -> None:
        """Prepare; nothing is submitted yet.

        Args:
            num_workers: jobs.
            folder: where submitit keeps what it sends and receives.
            parameters: of its executor, and "cluster".

        Raises:
            ValueError: submitit is not installed, or refuses a parameter.
        """
        submitit = _need("submitit", "slurm")
        self.num_workers = num_workers
        rest = {"cpus_per_task": 1, "name": "hitl-sim", **parameters}
        try:
            self._engine = submitit.AutoExecutor(
                folder=folder, cluster=rest.pop("cluster", None)
            )
            self._engine.update_parameters(**rest)
        except (NameError, TypeError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"`slurm` must hold parameters of submitit, got {dict(parameters)}: "
                f"{error}"
            ) from error
        self._failed = submitit.core.utils.UncompletedJobError
        self._jobs: list[Any] = []
        self._is_ending = threading.Event()

    def submit(self, module: str, function: str, *args: Any) -> "Future[Any]":
        """Submit a job that calls an importable function."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        job = self._engine.submit(call_prepared, module, function, *args)
        self._jobs.append(job)
        threading.Thread(target=self._follow, args=(job, future), daemon=True).start()
        return future

    def _follow(self, job: Any, future: "Future[Any]") -> None:
        while not job.done():
            if self._is_ending.wait(_POLL_S):
                return
        try:
            future.set_result(job.result())
        except self._failed as error:
            future.set_exception(WorkerLostError(str(error)))
        except Exception as error:
            future.set_exception(error)

    def __exit__(self, kind: object, *_: object) -> None:
        """Cancel the jobs where an error is on its way."""
        self._is_ending.set()
        if kind is not None:
            for job in self._jobs:
                job.cancel(check=False)
