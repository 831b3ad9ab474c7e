"""How long the rest of a sweep takes, from what its chunks were seen to take."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hitl_sim.study.plan import Chunk

if TYPE_CHECKING:
    from hitl_sim.study.worker import ChunkReport

_CACHED = 0.3
"""Set-up of a program that another worker has compiled, in parts of the first; assumed
until one has been seen."""
_MOST_DONE = 0.75
"""Of what is left, the most that chunks under way are taken to have done, for one that
takes longer than was predicted is not about to end; assumed."""
_SETUP_S = 0.05
"""Set-up times below this are a program that the worker already had, s."""


class TimeLeft:
    """Set-up and work of what is left, told apart.

    A program is set up once in each worker that meets it, most slowly where nobody has
    compiled it yet, and then takes about the same for each of its chunks. A rate of
    runs since the start would count the first compilations as if every run had them.

    Programs of which no chunk has come back yet are taken to be as fast, per operation,
    as those that have been seen, and as slow to set up.
    """

    def __init__(
        self,
        chunks: Sequence[Chunk],
        flops: Callable[[Chunk], float],
        num_workers: int,
    ) -> None:
        """Prepare.

        Args:
            chunks: all that are to be computed.
            flops: operations of a chunk, roughly.
            num_workers: chunks that can be under way at once; >= 1.
        """
        self._workers = num_workers
        self._flops_of = {chunk.group: flops(chunk) for chunk in reversed(chunks)}
        self._left = Counter(chunk.group for chunk in chunks)
        self._seen: Counter[str] = Counter()
        self._work_s: dict[str, float] = dict.fromkeys(self._left, 0.0)
        self._setups: Counter[str] = Counter()
        self._first_s: list[float] = []
        self._later_s: list[float] = []
        self._begin_s: float | None = None
        self._now_s = 0.0
        self._spent_s = 0.0

    def take(self, chunk: Chunk, report: "ChunkReport | None", now_s: float) -> None:
        """Learn from a chunk that has come back.

        Args:
            chunk: as it was sent.
            report: what its worker says; None where the worker was lost.
            now_s: time on a monotonic clock, s.
        """
        group = chunk.group
        self._left[group] -= 1
        self._now_s = now_s
        if report is None:
            return
        self._spent_s += report.wall_s
        if self._begin_s is None:
            # workers start together, and the first answer says when
            self._begin_s = now_s - report.wall_s
        if not report.is_ok:
            return
        self._seen[group] += 1
        self._work_s[group] += report.wall_s - report.setup_s
        if report.setup_s > _SETUP_S:
            found = self._later_s if self._setups[group] else self._first_s
            found.append(report.setup_s)
            self._setups[group] += 1

    @property
    def seconds(self) -> float | None:
        """Return the wall time of what is left, s; None before any chunk is back."""
        num_left = sum(self._left.values())
        if num_left <= 0:
            return 0.0
        if not self._seen:
            return None
        flops = sum(self._flops_of[g] * n for g, n in self._seen.items())
        s_per_flop = sum(self._work_s.values()) / flops if flops else 0.0
        work = sum(
            n * self._chunk_s(group, s_per_flop) for group, n in self._left.items()
        )
        first = _mean(self._first_s)
        later = _mean(self._later_s) if self._later_s else _CACHED * first
        setup = sum(
            first * (not self._seen[group])
            + later * self._workers_to_meet(group, n - (not self._seen[group]))
            for group, n in self._left.items()
            if n
        )
        whole = work + setup
        done = min(self._under_way_s, _MOST_DONE * whole)
        return (whole - done) / min(self._workers, num_left)

    @property
    def _under_way_s(self) -> float:
        """Return what workers have spent on chunks that are not back yet, s."""
        begin_s = self._now_s if self._begin_s is None else self._begin_s
        return max(self._workers * (self._now_s - begin_s) - self._spent_s, 0.0)

    def _chunk_s(self, group: str, s_per_flop: float) -> float:
        if self._seen[group]:
            return self._work_s[group] / self._seen[group]
        return self._flops_of[group] * s_per_flop

    def _workers_to_meet(self, group: str, num_chunks: int) -> int:
        """Count the workers that will still set a program up, after its first."""
        known = max(self._setups[group], 1)
        return max(min(self._workers - known, num_chunks), 0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
