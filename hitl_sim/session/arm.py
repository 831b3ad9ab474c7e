"""One run of one arm: what it asks, the work that it does, and what it reports."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from hitl_sim.session.desk import Desk, Run
from hitl_sim.session.error import SessionError
from hitl_sim.session.metering import as_json, moved, where
from hitl_sim.session.people import Asked, People
from hitl_sim.session.question import Answer, Answers, build_questions, gather
from hitl_sim.session.waiting import wait_for_answers
from hitl_sim.session.window import WAIT, Tally, Window, check_work

if TYPE_CHECKING:
    from hitl_sim.session.session import Session


class Checkpoint(NamedTuple):
    """What one report told, and what had been done by then.

    Attributes:
        step: training steps done, as reported.
        fit_step: those of them that made the weights in use.
        validation: the metric of the target, on validation items.
        test: the same on items that only the experimenter looks at; NaN for none.
        counts: items so far, by unit, phase and purpose.
        rounds: rounds asked so far.
        wait_s: time in the loop's own windows of waiting so far, s.
    """

    step: int
    fit_step: int
    validation: float
    test: float
    counts: dict[tuple[str, str, str], int]
    rounds: int
    wait_s: float


class Arm:
    """A run of an arm, as a context: `with session.arm(...) as arm`.

    Attributes:
        name: of the arm.
        role: "control", "pilot", "null" or "arm".
        replicate: number of the run.
        seed: a whole number that all arms of the replicate share, to split data and
            start networks by, so that runs are compared like with like.
        labels: given labels that it learns from, and those of the validation items.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        role: str,
        replicate: int,
        labels: tuple[int, int],
    ) -> None:
        """Name the run; `Session.arm` and `Session.runs` make it."""
        self.name, self.role, self.replicate = name, role, replicate
        self.seed = session.seed_of(replicate)
        self._session, self.labels = session, labels
        self._is_open = False
        self._people = People(session.crowd)
        self._tallies: dict[tuple[Any, ...], Tally] = {}
        self._counts: dict[tuple[str, str, str], int] = {}
        self._reports: list[Checkpoint] = []
        self._desk: Desk | None = None
        self._in_window = ""
        self._wait_s = 0.0
        self._schedule: Sequence[int] | None = None
        self._stack = ExitStack()

    @property
    def key(self) -> str:
        """Return the key of its record."""
        return self._session.key_of(self.name, self.role, self.replicate)

    def __repr__(self) -> str:
        """Tell which run it is."""
        return f"Arm({self.name!r}, role={self.role!r}, replicate={self.replicate})"

    def __enter__(self) -> Arm:
        """Begin the run.

        Raises:
            SessionError: it is finished, or another process runs it.
        """
        if self._is_open or self._reports:
            raise SessionError(f"{self} must be entered once, got it a second time.")
        self._schedule = self._session.begin(self)
        self._is_open = True
        metering = self._session.metering
        self._stack = ExitStack()
        self._window = self._stack.enter_context(metering.window(self.key))
        self._counters = metering.read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: Any
    ) -> None:
        """End the run: its record is written, or its error.

        Raises:
            SessionError: it reported too little, or otherwise than its other
                replicates; nothing is recorded of it.
        """
        self._is_open = False
        whole = moved(self._counters, self._session.metering.read())
        self._stack.close()
        if self._desk is not None:
            self._desk.close()
        try:
            if error is None:
                self._check_reports()
                self._session.finish(self, self.row(), self.measured(whole))
            elif isinstance(error, Exception):
                said = f"{type(error).__name__}: {error}"
                self._session.fail(
                    self, said, "".join(traceback.format_exception(error))
                )
        finally:
            self._session.release(self)

    def ask(
        self,
        kind: str,
        items: Sequence[Any],
        *,
        people: int = 1,
        asks: int = 1,
        options: Sequence[str] | int | None = None,
        content: Sequence[Any] | None = None,
        suggestion: Sequence[int] | None = None,
        sizes: Sequence[float] | None = None,
        truth: Sequence[Any] | None = None,
    ) -> Answers:
        """Ask people about items, and wait for their answers.

        Args:
            kind: "label", "verification", "relevance" (0 drop, 1 unsure, 2 keep),
                "importance", "marks", "preference" (0 the first, 1 a tie, 2 the
                second) or "difficulty" (0 easy to 4 hard).
            items: numbers or names of them, the same whenever they are asked about;
                pairs of objects in a preference.
            people: different people who answer each.
            asks: times that each of them is asked.
            options: names of the classes (label, verification) or groups (importance,
                marks), or how many there are.
            content: what people see of each item, where the desk shows any.
            suggestion: class that each item is checked for (verification).
            sizes: length of each item relative to the usual one.
            truth: what is right of each item, for simulated people alone: its class;
                whether it is to be kept; importance of each group; worth of both
                objects, or difficulty, in standard deviations.

        Returns:
            The answers by item, in the order of the call.

        Raises:
            SessionError: the arm is not open, asks nobody by its role, or an argument
                does not fit; nothing was asked.
        """
        self._check_open("ask")
        crowd = self._session.crowd
        if crowd is None:
            raise SessionError(
                "`crowd` of the session must be given for an arm to ask, as "
                "hitl_sim.crowd('typical', size=12), got None."
            )
        if self.role != "arm":
            raise SessionError(
                f"`role` of an arm that asks people must be 'arm', got {self.role!r} "
                f"of {self.name!r}: a control is what is done without them."
            )
        questions = build_questions(
            kind,
            items,
            people=people,
            asks=asks,
            options=options,
            content=content,
            suggestion=suggestion,
            sizes=sizes,
            truth=truth,
        )
        crowd.check(questions)
        if self._desk is None:
            run = Run(self._session.seed, self.name, self.replicate)
            self._desk = crowd.open(run)
        begin = time.monotonic()
        with self._stretch(WAIT, WAIT, 1, "protocol", is_ours=True):
            ids = self._desk.post(questions)
            asked = [one for one in ids if one]
            found = wait_for_answers(self._desk, asked, people * asks)
        waited_s = time.monotonic() - begin
        by_id: dict[str, list[Answer]] = {}
        for answer in found:
            by_id.setdefault(answer.question, []).append(answer)
        named = {one: q for one, q in zip(ids, questions, strict=True) if one}
        left_out = sum(one is None for one in ids)
        self._people.rounds.append(Asked(named, found, left_out, waited_s))
        return gather(questions, ids, by_id)

    def work(
        self,
        phase: str,
        items: int = 1,
        *,
        unit: str | None = None,
        purpose: str = "protocol",
    ) -> Window:
        """Count and measure work: `with arm.work("train", items=32) as window`.

        The first window of a unit in a run is kept apart: programs are compiled in it.

        Args:
            phase: "train", "score", "evaluate", "embed", "choose" or "pretrain";
                "wait" for time in which the device waits, which is no work.
            items: how many items are worked on.
            unit: name of the unit of work, where arms do work that costs otherwise,
                such as training another network; the phase when left out.
            purpose: "protocol", or "instrument" for what only the experimenter needs.

        Raises:
            SessionError: the arm is not open, or an argument does not fit.
        """
        self._check_open("work")
        check_work(phase, items, purpose)
        return self._stretch(unit or phase, phase, int(items), purpose)

    def _stretch(
        self, unit: str, phase: str, items: int, purpose: str, *, is_ours: bool = False
    ) -> Window:
        def opened() -> None:
            if self._in_window:
                raise SessionError(
                    f"A window of {unit!r} must not lie inside another, got it inside "
                    f"one of {self._in_window!r}: work would count twice."
                )
            self._in_window = unit

        def closed(took: tuple[float, float, Mapping[str, float]] | None) -> None:
            self._in_window = ""
            if took is None:
                return
            if phase == WAIT and not is_ours:
                self._wait_s += took[0]
            place = unit, phase, purpose
            is_first = place not in self._counts and not is_ours
            self._counts[place] = self._counts.get(place, 0) + items
            tally = self._tallies.get((*place, is_first))
            if tally is None:
                tally = Tally(unit, phase, purpose, is_first)
                self._tallies[(*place, is_first)] = tally
            tally.add(items, *took)

        metering = self._session.metering
        return Window(metering.read, metering.meter.clock, opened, closed)

    def report(
        self,
        *,
        step: int,
        fit_step: int | None = None,
        test: float | None = None,
        **metric: float,
    ) -> None:
        """Tell how good the model is now, after all work so far.

        All runs of an arm report at the same steps, up to a cap that they share: when
        a run is there is found afterwards, so that none has to stop by itself.

        Args:
            step: training steps done, more at every report.
            fit_step: those of them that made the weights in use, where training began
                afresh.
            test: the metric on items that only the experimenter looks at.
            **metric: the target's metric by its name, on validation items.

        Raises:
            SessionError: the arm is not open, did no work yet, or an argument does not
                fit.
        """
        self._check_open("report")
        name = self._session.target.metric
        if list(metric) != [name]:
            raise SessionError(
                f"`report` must be told `{name}`, the metric of the target, got "
                f"{', '.join(map(repr, metric)) or 'none'}."
            )
        if not any(phase != WAIT for _, phase, _ in self._counts):
            raise SessionError(
                "`report` must follow some work, as `with arm.work('train')`, got none "
                f"in {self}."
            )
        last = self._reports[-1].step if self._reports else -1
        if isinstance(step, bool) or int(step) != step or step <= last:
            least = (
                f"> {last}, the step of the last report" if self._reports else ">= 0"
            )
            raise SessionError(f"`step` must be a whole number {least}, got {step!r}.")
        place, expected = len(self._reports), self._schedule
        if expected is not None and list(expected[place : place + 1]) != [int(step)]:
            raise SessionError(
                f"`step` must be as in the other replicates of {self.name!r} "
                f"({_short(expected)}), got {int(step)} in report {place + 1}."
            )
        self._reports.append(
            Checkpoint(
                int(step),
                int(step if fit_step is None else fit_step),
                float(metric[name]),
                math.nan if test is None else float(test),
                dict(self._counts),
                len(self._people.rounds),
                self._wait_s,
            )
        )

    def _check_open(self, verb: str) -> None:
        if not self._is_open:
            raise SessionError(
                f"`{verb}` must be called inside an arm, `with session.arm(...) as "
                f"arm`, got it outside {self}."
            )

    def _check_reports(self) -> None:
        least = self._session.target.smoothing
        if len(self._reports) < least:
            raise SessionError(
                f"{self} must report at least {least} times, as `smoothing` of the "
                f"target says, got {len(self._reports)}. Nothing of it was recorded."
            )
        if self._schedule is not None and len(self._schedule) != len(self._reports):
            raise SessionError(
                f"{self} must report {len(self._schedule)} times, as other replicates "
                f"did, got {len(self._reports)}. Nothing of it was recorded."
            )

    def row(self) -> dict[str, Any]:
        """Return its record, by `hitl_sim.record.RECORD_SCHEMA`."""
        reports = self._reports
        units = sorted(place for place in self._counts if place[1] != WAIT)
        people = self._people.series([one.rounds for one in reports])
        for name in ("wait_s", "elapsed_s"):
            waits = zip(people[name], reports, strict=True)
            people[name] = [float(seconds) + one.wait_s for seconds, one in waits]
        values = [one.validation for one in reports]
        pool, validation = self.labels
        return {
            "key": self.key,
            "replicate": self.replicate,
            "outcome": "ok" if all(map(math.isfinite, values)) else "not_finite",
            "step": [one.step for one in reports],
            "fit_step": [one.fit_step for one in reports],
            "validation_accuracy": values,
            "test_accuracy": [one.test for one in reports],
            "work_unit": [unit for unit, _, _ in units],
            "work_phase": [phase for _, phase, _ in units],
            "work_purpose": [purpose for _, _, purpose in units],
            "work_count": [
                [one.counts.get(place, 0) for one in reports] for place in units
            ],
            **people,
            "requester_s": self._session.requester_s if self._people.rounds else 0.0,
            "pool_labels": pool,
            "validation_labels": validation,
            "answer_accuracy": self._people.accuracy,
            "kept_clean_frac": math.nan,
            "train_items": None,
            "label_accuracy": math.nan,
            **self._people.replayed(),
        }

    def measured(self, whole: dict[str, float]) -> dict[str, Any]:
        """Return what its windows measured, for the file beside its record.

        Args:
            whole: what each counter moved by during the run, J.
        """
        metering, reading = self._session.metering, self._window.reading

        def line(tally: Tally) -> dict[str, Any]:
            joules = metering.share_out(reading, whole, tally)
            return tally.to_json() | {"joules": as_json(joules)}

        tallies = list(self._tallies.values())
        return {
            "where": where(),
            "seconds": reading.seconds.to_json(),
            "gross": as_json(reading.gross),
            "absent": metering.absent,
            "units": [line(t) for t in tallies if t.phase != WAIT],
            "wait": [line(t) for t in tallies if t.phase == WAIT],
        }

    @property
    def people(self) -> People:
        """Return what people did in it."""
        return self._people

    @property
    def steps(self) -> list[int]:
        """Return the steps that it reported at."""
        return [one.step for one in self._reports]


def _short(steps: Sequence[int]) -> str:
    """Write a schedule, its middle left out where it is long."""
    texts = list(map(str, steps))
    return ", ".join(texts if len(texts) <= 6 else [*texts[:4], "...", texts[-1]])
