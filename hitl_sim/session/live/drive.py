"""One run whose people answer at a desk: rounds of asking, waiting and learning.

Killed at any moment the run begins anew and asks what it asked before: a desk that
keeps answers has them, simulated people say the same again, and nobody is asked twice.
How long people took cannot be had again, so a journal keeps it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from hitl_sim.learn import Trace
from hitl_sim.learn.crowd import Answers, PanelConfig, Questions
from hitl_sim.learn.intervention import Intervention
from hitl_sim.output import DiskFullError
from hitl_sim.session.claim import Claim
from hitl_sim.session.desk import Crowd, Desk, Run as Asking
from hitl_sim.session.desk.mixed import mixed_crowd
from hitl_sim.session.desk.paced import paced
from hitl_sim.session.error import SessionError
from hitl_sim.session.folder import write_answers
from hitl_sim.session.live.asking import Asker, Roster, answers_of, count_right
from hitl_sim.session.live.choice import DeskChoice
from hitl_sim.session.live.content import content_of
from hitl_sim.session.live.device import Answerers, Device
from hitl_sim.session.live.journal import Journal
from hitl_sim.session.live.people import study_crowd
from hitl_sim.session.people import Asked, People
from hitl_sim.session.waiting import wait_for_answers
from hitl_sim.study.plan import Run
from hitl_sim.study.store import clear_error, write_error, write_records
from hitl_sim.study.worker import data_of
from hitl_sim.study.worker.group import Group, arguments_of, describe_group
from hitl_sim.study.worker.rows import Worked, row_of

_ROOM = 256
"""Real people whom the learner's arrays have room for in a run; an aggregation that
learns how good people are learns nothing from those who never came."""
_DIGITS = 12
_WITH_LABEL = ("relevance", "difficulty")
"""Kinds of question about an item together with its given label."""


class Stage(NamedTuple):
    """A stage of a run that asks: who answers, and how its questions are put."""

    crowd: Crowd
    asker: Asker


class LiveRun:
    """One run under way: the device on one side, a desk on the other."""

    def __init__(self, run: Run, group: str, out: Path, choice: DeskChoice) -> None:
        """Prepare a run; nobody is asked yet."""
        self.run, self.choice = run, choice
        self.group, self.device = _program(run, group, out, choice.is_real)
        self.info, self.data = data_of(run.condition)
        _, draws, hyper, data, _ = arguments_of([run], 1)
        draw, self.hyper = jax.tree.map(lambda a: a[0], (draws, hyper))
        self.key, self.arguments = draw.run_keys.crowd, (draw, self.hyper, data)
        self.first = self.device.set_up(self.arguments)
        panel = self.device.config.program.panel
        self.journal, self.roster = Journal(out, run.key), Roster(panel.team)
        if not choice.is_real:
            # simulated people have the places that they have in a sweep
            for person in range(panel.team):
                self.roster.place(f"p{person}")
        self.real, self.people = choice.crowd(), People(None)
        self.num_right = self.num_scored = 0

    def go(self) -> tuple[Trace, Worked]:
        """Ask, wait and learn until the run is over."""
        device, setting, own = self.device, self.first, self.arguments
        guidance = device.guidance
        for number, one in enumerate(guidance.before):
            opened = device.begin_stage(own, setting, number)
            stage = self._stage(one.guidance, one.panel, number)
            with self._at_desk(stage) as desk:
                answers = self._ask(desk, stage, opened.questions)
            setting = device.end_stage(opened, setting, answers, number)
        state, begun = device.start(own, setting)
        curves = [] if begun is None else [begun]
        stage = self._stage(guidance, device.config.program.panel, None)
        with self._at_desk(stage) as desk:
            for _ in range(guidance.num_rounds):
                answers = self._ask(desk, stage, state.questions)
                state, curve = device.round_step(own, setting, state, answers)
                curves.append(curve)
        whole = jax.tree.map(lambda *a: np.concatenate(a), *curves)
        learned = jax.tree.map(np.asarray, state.learned)
        worked = Worked(self.people.by_round(), self.num_right, self.num_scored)
        return Trace(whole, None, *learned), worked

    def row(self) -> dict[str, Any]:
        """Go through the run, and return its record."""
        row = row_of(self.run, self.group, *self.go())
        return row | self.people.replayed()

    @property
    def asking(self) -> Asking:
        """Return what names the run at a desk."""
        condition = self.run.condition
        name = f"{condition.arm.name}-{self.run.key[:_DIGITS]}"
        return Asking(condition.spec.seed, name, self.run.replicate)

    def _stage(
        self, guidance: Intervention, panel: PanelConfig, number: int | None
    ) -> Stage | None:
        """Gather who answers in a stage; None where it asks nobody.

        Args:
            guidance: of the stage.
            panel: who answers one question.
            number: of a stage before the arm's own; None for that.
        """
        if guidance.feedback is None:
            return None
        condition, hyper = self.run.condition, self.hyper
        team = condition.spec.workforce
        population = hyper.population if number is None else hyper.before[number]

        def gather(people: int) -> Answerers:
            own = replace(panel, team=team.size, people=people)
            return self.device.people(own, number)

        label = condition.content.label if condition.content else ""
        own = label, team, guidance.num_questions, gather, (self.key, population)
        crowd: Crowd = study_crowd(*own)
        kind, content, given = guidance.feedback, None, None
        if self.real is not None:
            split = self.first.split
            content, given = content_of(self.info, self.data, split)
            if kind not in _WITH_LABEL:
                given = None
            crowd = self._with_real(self.real, crowd)
        self.people.crowd = crowd
        names = self.info.class_names, self.info.group_names
        asker = Asker(kind, panel.people, panel.asks, *names, content, given)
        return Stage(crowd, asker)

    def _with_real(self, real: Crowd, simulated: Crowd) -> Crowd:
        number = self.choice.real_people
        return mixed_crowd(real, simulated, number) if number else real

    @contextmanager
    def _at_desk(self, stage: Stage | None) -> Iterator[Desk | None]:
        """Open a stage's desk, and close it in the end."""
        if stage is None:
            yield None
            return
        desk = paced(stage.crowd.open(self.asking), self.choice.speed)
        try:
            yield desk
        finally:
            desk.close()

    def _ask(
        self, desk: Desk | None, stage: Stage | None, asked: Questions | None
    ) -> Answers | None:
        """Put a round to a desk, and wait for what comes back."""
        if desk is None or stage is None or asked is None:
            return None
        questions = stage.asker.questions(asked)
        each = stage.asker.people * stage.asker.asks
        if questions:
            stage.crowd.check(questions)
        self.journal.open(len(questions), each * len(questions))
        ids = desk.post(questions) if questions else []
        named = {one: q for one, q in zip(ids, questions, strict=True) if one}
        found = wait_for_answers(desk, list(named), each, self.journal.note)
        waited_s = self.journal.close()
        left_out = len(questions) - len(named)
        self.people.rounds.append(Asked(named, found, left_out, waited_s))
        right, scored = count_right(named, found)
        self.num_right, self.num_scored = (
            self.num_right + right,
            self.num_scored + scored,
        )
        return answers_of(asked, stage.asker, questions, ids, found, self.roster)


_programs: dict[tuple[str, str, bool], tuple[Group, Device]] = {}


def _program(run: Run, name: str, out: Path, is_real: bool) -> tuple[Group, Device]:
    """Build the program of a run, once in this process."""
    place = name, str(out), is_real
    if place not in _programs:
        group = describe_group(run, name, out)
        config, program = group.config, group.config.program
        if is_real:
            panel = replace(program.panel, team=max(program.panel.team, _ROOM))
            config = replace(config, program=replace(program, panel=panel))
        _programs[place] = group, Device(config)
    return _programs[place]


def run_live(run: Run, group: str, out: str, choice: DeskChoice) -> str:
    """Go through one run and write its record; a failure is written too.

    Args:
        run: which.
        group: name of its program.
        out: results folder.
        choice: at which desk people answer.

    Returns:
        Why there is no record; "" where there is one.

    Raises:
        SessionError: people cannot be asked.
        DiskFullError: no space is left.
    """
    folder = Path(out)
    claim = Claim(folder / "live" / f"{run.key}.lock")
    if not claim.take():
        raise SessionError(
            f"`out` must be used by one `hitl-sim live` at a time, got {out!r}, where "
            "another one is at work."
        )
    try:
        live = LiveRun(run, group, folder, choice)
        row = live.row()
        write_answers(folder, run.key, live.people.rows())
        # last: from now on the run is there
        write_records(folder, run.key, [row])
    except (DiskFullError, SessionError):
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        write_error(folder, run.key, [run.key], said, traceback.format_exc())
        return said
    finally:
        claim.give_back()
    clear_error(folder, run.key)
    return ""
