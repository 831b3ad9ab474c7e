"""A study whose people answer at a desk: `hitl-sim live`.

Arms that ask nobody are run as in a sweep. Those that ask people are driven round by
round, one run after the other, by answers as they come. Records are those of
`hitl-sim run`: with the study's own simulated people they are the same, and a folder
that one of both has begun the other ends. With real people they have keys of their own,
and the folder says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as NotYetError
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from hitl_sim.session.desk.named import DESKS, SIMULATED
from hitl_sim.session.desk.paced import check_speed
from hitl_sim.session.error import SessionError
from hitl_sim.session.live.check import check_choice, check_conditions, check_study
from hitl_sim.session.live.choice import DeskChoice
from hitl_sim.session.live.journal import read_journal
from hitl_sim.session.live.tables import live_tables, with_real
from hitl_sim.session.withdrawal import Withdrawable, erase_answers
from hitl_sim.study.analysis_plan import lock_plan
from hitl_sim.study.executor import Executor, LocalExecutor
from hitl_sim.study.folder import LIVE, MANIFEST, SESSION, write_results, write_runs
from hitl_sim.study.parts import keep_parts
from hitl_sim.study.plan import Run, chunks_left, plan_study
from hitl_sim.study.runner import keep_plan
from hitl_sim.study.spec import CrowdSpec, StudySpec
from hitl_sim.study.store import (
    check_folder,
    damaged_files,
    finished_keys,
    read_made,
    set_aside,
    write_json,
)
from hitl_sim.study.study import Study
from hitl_sim.study.sweep import Sweep
from hitl_sim.study.use import find_use

if TYPE_CHECKING:
    from hitl_sim.results import Results

_DRIVE = "hitl_sim.session.live.drive"
_LOOK_S = 0.5
"""How often it is looked how far a run is, s."""


class LiveProgress(NamedTuple):
    """How far a study is whose people answer at a desk.

    Attributes:
        done: finished runs.
        total: runs of the study.
        arm: that is under way; "" where those are run that ask nobody.
        replicate: of it.
        round: number of its round, from 1; 0 before the first.
        answers: that have come in this round.
        asked: answers that it asks for.
    """

    done: int
    total: int
    arm: str = ""
    replicate: int = 0
    round: int = 0
    answers: int = 0
    asked: int = 0


class LivePlan(NamedTuple):
    """What is about to be done.

    Attributes:
        question: of the study.
        total: its runs.
        done: those that are finished.
        driven: runs left of arms that ask people.
        answers: that these ask for, of all people together.
        desk: name of the desk.
        at: where it is.
        serve: command that brings people to it; "" where all are simulated.
    """

    question: str
    total: int
    done: int
    driven: int
    answers: int
    desk: str
    at: str
    serve: str


def live(
    study: Study | Path | str,
    out: Path | str,
    desk: str = SIMULATED,
    *,
    at: str | None = None,
    real_people: int = 0,
    deadline_s: float | None = None,
    speed: float | None = None,
    progress: Callable[[LiveProgress], None] = lambda _: None,
    on_plan: Callable[[LivePlan], None] = lambda _: None,
) -> Results:
    """Run a study whose people answer at a desk, and open its results.

    Killed at any moment, on either side, the same call goes on: finished runs are not
    run again, and what was answered is not asked again.

    Args:
        study: the study, or its file.
        out: results folder; made if missing.
        desk: "simulated" for the study's own people, or one of real people: "page" or
            "label_studio".
        at: where the desk is: a page's folder ("desk" in the results when left out), or
            the address of a Label Studio server and a name for the study on it, as
            "http://localhost:8080/mine".
        real_people: to how many real people each question is put; the study's own
            simulated people give the rest of the answers that an arm asks for. Nobody
            is simulated when left out.
        deadline_s: time after which a real person's question is given up, s; never when
            left out.
        speed: how many times faster than people simulated ones answer, in real time;
            at once when left out.
        progress: called when a run begins, and as answers come.
        on_plan: called before anything is done.

    Raises:
        SpecError: the study cannot be run as written; nothing was done.
        SessionError: its people cannot answer at this desk; nothing was done.
        RecordError: the folder cannot be used; nothing was lost.
    """
    from hitl_sim.results import Results  # noqa: PLC0415 - loads statistics

    spec = study.spec if isinstance(study, Study) else Study.load(study).spec
    folder = Path(out)
    choice = DeskChoice(desk, at or "", deadline_s, real_people, speed)
    check_choice(choice)
    check_speed(speed)
    check_study(spec, choice)
    if choice.is_real and not choice.at:
        choice = choice._replace(at=_place_of(desk, folder))
    _Live(spec, folder, choice, progress).run(on_plan)
    return Results(folder)


def _place_of(desk: str, out: Path) -> str:
    """Return where a desk is when nobody says.

    Raises:
        SessionError: somebody must.
    """
    place = DESKS[desk].place
    if not place:
        raise SessionError(f"`at` must say where the desk {desk!r} is, got None.")
    return str(out / place)


class _Live:
    """One call of `live`."""

    def __init__(
        self,
        spec: StudySpec,
        out: Path,
        choice: DeskChoice,
        on_progress: Callable[[LiveProgress], None],
    ) -> None:
        """Plan it, and see that it can be done; nothing is written before that."""
        if choice.is_real and not choice.real_people:
            # nobody is simulated, so nothing that is said of such people acts
            spec = msgspec.structs.replace(spec, crowd=CrowdSpec())
        self.crowd = choice.crowd()
        plan = plan_study(spec)
        check_conditions(plan.conditions, plan.infos, choice)
        _check_kind(out, choice)
        check_folder(out)
        self.out, self.choice, self.on_progress = out, choice, on_progress
        self.simulated = plan
        self.plan = plan if self.crowd is None else with_real(plan, self.crowd, choice)
        set_aside(out, damaged_files(out))

    def run(self, on_plan: Callable[[LivePlan], None]) -> None:
        """Do what is left."""
        finished = finished_keys(self.out)
        asking = _distinct(r for r in self.plan.runs if r.condition.arm.asking)
        left = [run for run in asking if run.key not in finished]
        on_plan(self._told(left, finished))
        self._keep(len(finished))
        with ExitStack() as stack:
            executor: Executor = stack.enter_context(LocalExecutor(1))
            alone = {r.key for r in asking} | finished
            chunks = chunks_left(self.plan, alone)
            Sweep(self.plan, finished, chunks, None, lambda _: self._show()).run(
                lambda: executor, self.out
            )
            # all arms of a replicate, then the next: a comparison grows evenly
            for run in sorted(left, key=lambda run: run.replicate):
                self._drive(run, executor)
                if self.choice.is_real:
                    self._publish()
        self._publish()

    def _drive(self, run: Run, executor: Executor) -> None:
        """Let a worker go through a run, and tell how far it is."""
        folder = os.path.abspath(self.out)
        group = self.plan.group_of(run)
        future = executor.submit(_DRIVE, "run_live", run, group, folder, self.choice)
        self._show(run)
        while True:
            try:
                future.result(timeout=_LOOK_S)
            except NotYetError:
                if future.done():
                    raise
                self._show(run)
            else:
                return

    def _show(self, run: Run | None = None) -> None:
        keys = {r.key for r in self.plan.runs}
        done = len(keys & finished_keys(self.out))
        if run is None:
            self.on_progress(LiveProgress(done, len(keys)))
            return
        found = read_journal(self.out, run.key)
        told = (found.get(name, 0) for name in ("round", "answers", "asked"))
        name = run.condition.arm.name
        self.on_progress(LiveProgress(done, len(keys), name, run.replicate, *told))

    def _told(self, left: list[Run], finished: set[str]) -> LivePlan:
        keys = {run.key for run in self.plan.runs}
        asked = sum(
            stage.num_questions * stage.people * stage.asks
            for run in left
            for stage in run.condition.arm.asking
        )
        serve = ""
        if self.choice.is_real:
            serve = DESKS[self.choice.name].serve.format(at=self.choice.at)
        return LivePlan(
            self.plan.spec.question,
            len(keys),
            len(keys & finished),
            len(left),
            asked,
            self.choice.name,
            self.choice.at,
            serve,
        )

    def _keep(self, num_records: int) -> None:
        """Write what the folder is of, so that it can be read alone."""
        if self.crowd is None:
            keep_plan(self.plan, self.out, num_records)
            return
        keep_parts(self.plan.spec, self.out)
        study = msgspec.to_builtins(self.plan.spec)
        desk = {"name": self.choice.name, "real_people": self.choice.real_people}
        told = {"desk": desk, "crowd": self.crowd.identity(), "study": study}
        kept = read_made(self.out, LIVE) if (self.out / LIVE).exists() else told
        for part in ("desk", "crowd"):
            if kept[part] != json.loads(json.dumps(told[part])):
                raise SessionError(
                    f"`out` must be the folder of this desk, got {str(self.out)!r} of "
                    f"another one ({kept[part]}): use another folder."
                )
        lock_plan(self.out, study, num_records)
        write_json(self.out / LIVE, told)
        self._write_tables()

    def _write_tables(self) -> None:
        assert self.crowd is not None
        tables = live_tables(
            self.simulated, self.plan, self.crowd, self.choice, self.out
        )
        write_runs(self.out, *tables)

    def _publish(self) -> None:
        """Write what a report reads, without answers of whoever withdrew."""
        if self.crowd is not None:
            if isinstance(self.crowd, Withdrawable):
                erase_answers(self.out, self.crowd.withdrawn().keys())
            self._write_tables()
        write_results(
            self.out, find_use(self.plan.spec, self.plan.conditions, self.out)
        )


def _distinct(runs: Iterable[Run]) -> list[Run]:
    """Return runs whose keys differ, each once."""
    return list({run.key: run for run in runs}.values())


def _check_kind(out: Path, choice: DeskChoice) -> None:
    """Refuse a folder of something else.

    Raises:
        SessionError: it holds a session, or a study whose people are of another kind.
    """
    is_live = (out / LIVE).exists()
    holds = "a session" if (out / SESSION).exists() else ""
    if is_live and not choice.is_real:
        holds = "a study with real people"
    if choice.is_real and not is_live and (out / MANIFEST).exists():
        holds = holds or "a study with simulated people"
    if holds:
        raise SessionError(
            f"`out` must be a folder of its own, got {str(out)!r}, which holds {holds}."
        )
