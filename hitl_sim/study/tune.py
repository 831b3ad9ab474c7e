"""How many runs to map together, by timing each of a study's programs."""

import re
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.output import write_text
from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.executor import WORKER
from hitl_sim.study.plan import Chunk, chunks_left, plan_study
from hitl_sim.study.spec import SpecError, StudySpec
from hitl_sim.study.sweep import group_names

_MOST_ON_CPU = 16
_HEAD = re.compile(r"^\s*\[", re.MULTILINE)
_LINE = re.compile(r"^vmap_size[ \t]*=.*$", re.MULTILINE)
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class GroupTimes:
    """What a program took.

    Attributes:
        name: tasks and arms that share it.
        runs: its runs in the study.
        run_s: time per run with each vmap size, s.
    """

    name: str
    runs: int
    run_s: tuple[float, ...]


@dataclass(frozen=True)
class Tuning:
    """What a study's programs took with several vmap size.

    Attributes:
        platform: where they ran, as "cpu".
        options: vmap size.
        groups: the programs.
    """

    platform: str
    options: tuple[int, ...]
    groups: tuple[GroupTimes, ...]

    @property
    def study_s(self) -> tuple[float, ...]:
        """Time of all runs of the study in one worker with each option, s."""
        return tuple(
            sum(group.runs * group.run_s[i] for group in self.groups)
            for i in range(len(self.options))
        )

    @property
    def best(self) -> int:
        """Lanes with which the whole study takes least; of equals the fewest."""
        seconds = self.study_s
        return self.options[seconds.index(min(seconds))]


def tune_study(
    spec: StudySpec,
    on_program: Callable[[int, int], None] = lambda done, total: None,
) -> Tuning:
    """Time every program of a study, alone in one worker; no record is kept.

    Returns:
        Times with 1, 2, 4 ... vmap_size that divide the dispatch_size, up to 16 on a
        CPU.

    Raises:
        SpecError: the study cannot be run as written.
    """
    chunks = chunks_left(plan_study(spec), ())
    names, runs = group_names(chunks), dict.fromkeys((c.group for c in chunks), 0)
    first: dict[str, Chunk] = {}
    for chunk in chunks:
        first.setdefault(chunk.group, chunk)
        runs[chunk.group] += len(chunk.runs)
    groups = []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_executor(Place(workers=1), len(first), Path(folder)) as executor,
    ):
        here = executor.submit(WORKER, "environment", spec.dispatch_size, None).result()
        platform = str(here["platform"])
        most = spec.dispatch_size
        if platform == "cpu":
            most = min(most, _MOST_ON_CPU)
        options = tuple(
            1 << i
            for i in range(most.bit_length())
            if not spec.dispatch_size % (1 << i)
        )
        for done, (group, chunk) in enumerate(first.items()):
            on_program(done, len(first))
            times = executor.submit(WORKER, "time_vmap_sizes", chunk, options).result()
            groups.append(GroupTimes(names[group], runs[group], times))
        on_program(len(first), len(first))
    return Tuning(platform, options, tuple(groups))


def write_vmap_size(file: Path, vmap_size: int) -> None:
    """Write the vmap size into a study file, and change nothing else in it.

    Raises:
        SpecError: the file is written so that the number finds no place in it.
    """
    content = file.read_text(encoding="utf-8")
    text = content.removeprefix(_BYTE_ORDER_MARK)
    mark = content[: len(content) - len(text)]
    head = _HEAD.search(text)
    end = head.start() if head else len(text)
    top, rest = text[:end], text[end:]
    line = f"vmap_size = {vmap_size}"
    if _LINE.search(top):
        top = _LINE.sub(line, top, count=1)
    else:
        kept = top.rstrip()
        top = f"{kept}\n{line}\n{top[len(kept) :].removeprefix(chr(10))}"
    if tomllib.loads(top + rest) != tomllib.loads(text) | {"vmap_size": vmap_size}:
        raise SpecError(
            f"`vmap_size` must find a place in {str(file)!r}, but its first lines are "
            f"written so that it does not: write `{line}` above its first table."
        )
    write_text(file, mark + top + rest)
