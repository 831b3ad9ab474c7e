"""Validate a fit: how far are simulated people from people who were left out?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

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
from hitl_sim.participants.describing.statistic import describe
from hitl_sim.participants.fitting.fit import CrowdFit, fit_record
from hitl_sim.participants.fitting.model_file import population_of
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
    cut_in_halves,
    gains_on_cells,
    gains_on_new,
    hold_cells,
    take_items,
    validate_grades,
)
from hitl_sim.participants.validating.synthetic import (
    simulate_design,
    simulate_population,
)

NUM_CROWDS = 12
NUM_HALVINGS = 60

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
        file: people drawn from the population file that the fit writes, as studies do.
        like_fitted: people each of whom is like one who was fitted.
    """

    name: str
    fit: CrowdFit
    num_people: int
    num_items: int
    num_answers: int
    gains: list[Gain]
    file: CrowdCheck
    like_fitted: CrowdCheck


def validate_answers(
    answers: Answers, kind: str | None, seed: int, show: Show
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
    return validate_record(record, options_of(answers, kind), seed, show)


def validate_record(
    record: Record,
    options: tuple[str, ...],
    seed: int = 0,
    show: Show | None = None,
    features: Floats | None = None,
    num_crowds: int = NUM_CROWDS,
    num_halvings: int = NUM_HALVINGS,
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
    tell("predicting held-out cells")
    gains += gains_on_cells(record, hold_cells(record, seed), seed)
    held = with_sizes(halves.held)
    # on what all people said of items that the fit has not seen
    unseen, chosen = take_items(record, halves.held_items)
    whole = first_answers(unseen)
    population, is_timed = population_of(fit), fit.timing is not None

    def like_fitted(seed: int, design: Record) -> Record:
        return simulate_design(seed, fit, halves.fitted, design)

    def from_file(seed: int, design: Record) -> Record:
        return simulate_population(seed, population, design, is_timed=is_timed)

    tell("holding real people against themselves")
    rng = np.random.default_rng(seed)
    real = held if is_timed else replace(held, seconds=None)
    told = describe(real, rng)
    yardsticks = halve_distances(real, rng, num_halvings)
    other = describe(with_sizes(halves.fitted), rng)

    def check(simulate: Callable[[int, Record], Record]) -> CrowdCheck:
        crowds = [
            with_sizes(simulate(1000 * seed + turn, held)) for turn in range(num_crowds)
        ]
        tables = [describe(crowd, rng) for crowd in crowds]
        players = [
            first_answers(simulate(1000 * seed + 500 + turn, whole))
            for turn in range(num_crowds)
        ]
        known = None if features is None else features[chosen]
        try:
            transfer = compare_policies(whole, players, seed, known)
        except ValueError:
            transfer = None
        return CrowdCheck(
            lines=compare(told, tables, yardsticks, other),
            two_sample=two_sample_test(real, crowds[0], seed),
            transfer=transfer,
            curve=predict_curve(rng, held, crowds),
        )

    tell("simulating people like those fitted")
    people = check(like_fitted)
    tell("simulating people of the file")
    return Validation(
        name=record.name,
        fit=fit,
        num_people=int(np.unique(held.person).size),
        num_items=held.num_items,
        num_answers=int((held.answer >= 0).sum()),
        gains=gains,
        file=check(from_file),
        like_fitted=people,
    )


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
