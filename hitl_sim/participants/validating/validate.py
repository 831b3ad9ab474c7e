"""Validate a fit: how far are simulated people from people who were left out?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hitl_sim.participants.answers import (
    LABEL,
    Answers,
    kinds_of,
    options_of,
    to_record,
)
from hitl_sim.participants.describing.redundancy import (
    CurvePoint,
    predict_curve,
    with_sizes,
)
from hitl_sim.participants.describing.statistic import Table, describe
from hitl_sim.participants.fitting.fit import CrowdFit, fit_record
from hitl_sim.participants.fitting.model_file import NORMAL, PEOPLE, populations_of
from hitl_sim.participants.record import Floats, Record, first_answers
from hitl_sim.participants.validating.compare import (
    Line,
    TwoSampleTest,
    compare,
    halve_distances,
    two_sample_test,
)
from hitl_sim.participants.validating.equivalence import DIFFERENT, EQUIVALENT, OPEN
from hitl_sim.participants.validating.policy import Transfer, compare_policies
from hitl_sim.participants.validating.predict import (
    GRADED,
    Gain,
    Grades,
    Halves,
    cut_in_halves,
    gains_on_cells,
    gains_on_new,
    hold_cells,
    take_items,
    validate_grades,
)
from hitl_sim.participants.validating.synthetic import simulate_population
from oracles import Population

NUM_CROWDS = 12
NUM_HALVINGS = 60
_FEW_CROWDS, _FEW_HALVINGS = 5, 20
_TOLD = 10
"""Simulated people beside each real one, for the classifier."""

Show = Callable[[str], None]


@dataclass(frozen=True)
class CrowdCheck:
    """How simulated people of one making stand beside those who were left out.

    Attributes:
        lines: statistics of real and simulated people.
        two_sample: whether real and simulated people can be told apart.
        transfer: policies in simulation and with real people; None where items have too
            few answers.
        curve: what redundancy buys.
    """

    lines: list[Line]
    two_sample: TwoSampleTest
    transfer: Transfer | None
    curve: list[CurvePoint]

    def count(self, *, is_powered: bool | None = None) -> Mapping[str, int]:
        """Count verdicts on statistics; only of those with power, or without, if asked.

        Returns:
            Numbers by `EQUIVALENT`, `DIFFERENT` and `OPEN`.
        """
        found = [line.equivalence for line in self.lines if line.equivalence]
        kept = [e for e in found if is_powered in (None, e.is_powered)]
        verdicts = [e.verdict for e in kept]
        return {v: verdicts.count(v) for v in (EQUIVALENT, DIFFERENT, OPEN)}


@dataclass(frozen=True)
class Validation:
    """How a fit stands up to people and items that it has not seen.

    Attributes:
        name: of the set.
        fit: the fit to one half.
        num_people: people held out.
        num_items: items held out.
        num_answers: answers held out.
        gains: log likelihoods beside the rivals'.
        crowds: how people stand who are drawn from the population file that the fit
            writes, as studies draw them; by `NORMAL` and, with ten fitted people or
            more, `PEOPLE`.
        is_quick: whether cells and policies were left out, and crowds are few.
    """

    name: str
    fit: CrowdFit
    num_people: int
    num_items: int
    num_answers: int
    gains: list[Gain]
    crowds: Mapping[str, CrowdCheck]
    is_quick: bool = False


def validate_answers(
    answers: Answers, kind: str | None, seed: int, show: Show, *, is_quick: bool = False
) -> Validation | Grades:
    """Fit half of imported answers and hold simulated people against the others.

    Of the most frequent kind of answer, if none is named.

    Returns:
        What was found; of ratings, marks and preferences their likelihoods alone.

    Raises:
        ValueError: as `validate_record` and `validate_grades`.
    """
    kind = kinds_of(answers)[0] if kind is None else kind
    record = to_record(answers, kind)
    if kind in GRADED:
        show("fitting")
        return validate_grades(record, kind, seed)
    options = options_of(answers, kind)
    return validate_record(record, options, seed, show, is_quick=is_quick)


def validate_record(
    record: Record,
    options: tuple[str, ...],
    seed: int = 0,
    show: Show | None = None,
    features: Floats | None = None,
    num_crowds: int = NUM_CROWDS,
    num_halvings: int = NUM_HALVINGS,
    *,
    is_quick: bool = False,
) -> Validation:
    """Fit half of the people on half of the items, and predict the others.

    Args:
        record: labels whose truth is known.
        options: names of the options.
        seed: of the cut, the draws and the crowds.
        show: told what is being done.
        features: `[N, D]` of the items; policies then train a classifier.
        num_crowds: simulated crowds.
        num_halvings: random halvings of the real people, for the yardstick.
        is_quick: whether to leave out cells and policies, and simulate few crowds.

    Raises:
        ValueError: gold is missing, or a half is left with too little.
    """
    tell = show or (lambda _: None)
    _check(record)
    if features is not None and features.shape[0] != record.num_items:
        raise ValueError(
            f"`features` must have {record.num_items} rows, got {features.shape[0]}."
        )
    halves = cut_in_halves(record, seed)
    for half in (halves.fitted, halves.held):
        _check(half)
    tell("fitting one half")
    fit = fit_record(halves.fitted, LABEL, options, seed=seed)
    tell("predicting the other half")
    gains = gains_on_new(fit.quality, halves, seed)
    if is_quick:
        num_crowds, num_halvings = _FEW_CROWDS, _FEW_HALVINGS
    else:
        tell("predicting held-out cells")
        gains += gains_on_cells(record, hold_cells(record, seed), seed)
    # policies are played on what all people said of items that the fit has not seen
    unseen, chosen = take_items(record, halves.held_items)
    tell("holding real people against themselves")
    held = _hold(halves, fit, seed, num_crowds, num_halvings)
    crowds: dict[str, CrowdCheck] = {}
    for way, population in populations_of(fit).items():
        tell(_WAYS[way])
        control = next((c.two_sample.real for c in crowds.values()), None)
        check = _check_crowd(held, population, control)
        if not is_quick:
            known = None if features is None else features[chosen]
            moved = _play(held, population, first_answers(unseen), known)
            check = replace(check, transfer=moved)
        crowds[way] = check
    return Validation(
        name=record.name,
        fit=fit,
        num_people=int(np.unique(held.design.person).size),
        num_items=held.design.num_items,
        num_answers=int((held.design.answer >= 0).sum()),
        gains=gains,
        crowds=crowds,
        is_quick=is_quick,
    )


class _Held(NamedTuple):
    """What simulated people are held against.

    Attributes:
        seed: of crowds.
        rng: draws people for curves.
        design: who of the held-out people was asked what.
        real: what they said; without times where the fitted ones had none.
        told: its statistics.
        other: those of the fitted half.
        yardsticks: distances between random halves.
        num_crowds: simulated crowds.
    """

    seed: int
    rng: np.random.Generator
    design: Record
    real: Record
    told: Table
    other: Table
    yardsticks: dict[str, float]
    num_crowds: int

    def simulate(self, population: Population, turn: int, design: Record) -> Record:
        """Let people of a population answer a design."""
        is_timed = self.real.seconds is not None
        seed = 1000 * self.seed + turn
        return simulate_population(seed, population, design, is_timed=is_timed)


def _hold(
    halves: Halves, fit: CrowdFit, seed: int, num_crowds: int, num_halvings: int
) -> _Held:
    rng = np.random.default_rng(seed)
    design = with_sizes(halves.held)
    real = design if fit.timing is not None else replace(design, seconds=None)
    told = describe(real, rng)
    yardsticks = halve_distances(real, rng, num_halvings)
    other = describe(with_sizes(halves.fitted), rng)
    return _Held(seed, rng, design, real, told, other, yardsticks, num_crowds)


def _check_crowd(
    held: _Held, population: Population, control: float | None
) -> CrowdCheck:
    """Hold people of a population against the real ones; policies are left out.

    `control` is the area for real people in halves, once known.
    """
    crowds = [
        with_sizes(held.simulate(population, turn, held.design))
        for turn in range(held.num_crowds)
    ]
    tables = [describe(crowd, held.rng) for crowd in crowds]
    return CrowdCheck(
        lines=compare(held.told, tables, held.yardsticks, held.other),
        two_sample=two_sample_test(
            held.real, crowds[:_TOLD], held.seed, control=control
        ),
        transfer=None,
        curve=predict_curve(held.rng, held.design, crowds),
    )


def _play(
    held: _Held, population: Population, whole: Record, features: Floats | None
) -> Transfer | None:
    """Play policies on people of a population; None with too few answers per item."""
    players = [
        first_answers(held.simulate(population, 500 + turn, whole))
        for turn in range(held.num_crowds)
    ]
    try:
        return compare_policies(whole, players, held.seed, features)
    except ValueError:
        return None


_WAYS = {
    NORMAL: "simulating people of the file",
    PEOPLE: "simulating people around groups of those fitted",
}


def _check(record: Record) -> None:
    given = record.answer >= 0
    for what, rows, least in (
        ("people", np.unique(record.person[given]), 3),
        ("items", np.unique(record.item[given]), 10),
        ("answers", record.answer[given], 50),
    ):
        found = rows.size
        if found < least:
            raise ValueError(
                f"{record.name}: each half must have {least} {what}, got {found}."
            )
    if (record.truth[record.item] < 0).any():
        raise ValueError(
            f"{record.name}: every item must have gold to be validated against, got "
            f"{int((record.truth < 0).sum())} items without."
        )
