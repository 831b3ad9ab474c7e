"""The project file of `hitl-sim staff`: its tables, read to a project and policies."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from hitl_sim.read_table import TableError, read_table, read_toml
from hitl_sim.schema import Count, Positive, Share, Spread, Table
from hitl_sim.unit import S_PER_H, S_PER_MIN
from hitl_sim.workforce.behaviour import Behaviour
from hitl_sim.workforce.duration import Duration, with_half_life
from hitl_sim.workforce.people import People
from hitl_sim.workforce.policy import First, Fixed, Lead, Policy, Posterior
from hitl_sim.workforce.project import Project, check_project
from hitl_sim.workforce.team import DAY_S

_POSTERIORS = (0.95, 0.99)


class LabelWork(Table, frozen=True):
    """Table `[project]`: what is to be labelled.

    Attributes:
        items: items to label.
        classes: classes that there are.
        starts_on: day on which it starts.
        answer_limit_min: an answer that takes longer expires and somebody else is
            asked, minutes; left out where people may take their time.
    """

    items: Count
    classes: Annotated[int, Meta(ge=2, le=100_000)] = 2
    starts_on: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    answer_limit_min: Positive | None = None


class PeopleTable(Table, frozen=True):
    """Table `[people]`: who can be had, and when they work.

    Attributes:
        at_most: people who can be recruited at the start, or from now on where the
            first answers are given.
        recruited: of a project whose first answers are given, people who were recruited
            so far, seen or not.
        arrivals_per_day: people who come by themselves besides, on an average day.
        lag_days: mean time from being recruited to the first working day; it is
            exponential.
        half_life_days: time after which half of those who began have left for good;
            left out where nobody leaves.
        stay_shape: Weibull shape of that: below 1 most leave early, 1 is exponential.
        is_replaced: whether the place of somebody recruited at the start who leaves is
            filled anew.
        hours_per_day: working day, h.
        hours_spread: standard deviation of log hours between people.
        days_per_week: working days from Monday on.
        starts_h: hour at which working days begin.
        starts_over_h: hours over which they begin, as over time zones.
        onboarding_h: paid hours before the first answer.
    """

    at_most: Count = 1_000
    recruited: Annotated[int, Meta(ge=0)] = 0
    arrivals_per_day: Annotated[float, Meta(ge=0.0)] = 0.0
    lag_days: Annotated[float, Meta(ge=0.0)] = 0.0
    half_life_days: Positive | None = None
    stay_shape: Positive = 1.0
    is_replaced: bool = True
    hours_per_day: Annotated[float, Meta(gt=0.0, le=24.0)] = 8.0
    hours_spread: Spread = 0.0
    days_per_week: Annotated[int, Meta(ge=1, le=7)] = 5
    starts_h: Annotated[float, Meta(ge=0.0, lt=24.0)] = 9.0
    starts_over_h: Annotated[float, Meta(ge=0.0, lt=24.0)] = 0.0
    onboarding_h: Annotated[float, Meta(ge=0.0)] = 0.0


class CrowdTable(Table, frozen=True):
    """Table `[crowd]`: how people answer, named as in a study.

    Attributes:
        population: a named population; what is left out below is its number of labels.
        seconds: mean time of an answer, s.
        spread: standard deviation of log seconds of one person.
        pace_spread: standard deviation of log seconds between people.
        accuracy: how often one answer is right.
        skill_spread: standard deviation of skill between people, in units of noise.
        shared_error: correlation of the noise of two people on one item.
    """

    population: str = "typical"
    seconds: Positive | None = None
    spread: Positive | None = None
    pace_spread: Spread | None = None
    accuracy: Share | None = None
    skill_spread: Spread | None = None
    shared_error: Annotated[float, Meta(ge=0.0, lt=1.0)] | None = None


class WageTable(Table, frozen=True):
    """Table `[prices]`: what people cost.

    Attributes:
        wage_usd_per_h: gross wage, USD/h; the shipped default where left out.
        overhead_frac: employer's cost on top, fraction of the wage; likewise.
        fee_frac: a platform's fee, fraction of wages; 0 where there is no platform.
        recruitment_usd: cost of recruiting one person, USD.
    """

    wage_usd_per_h: Annotated[float, Meta(ge=0.0)] | None = None
    overhead_frac: Annotated[float, Meta(ge=0.0)] | None = None
    fee_frac: Annotated[float, Meta(ge=0.0)] = 0.0
    recruitment_usd: Annotated[float, Meta(ge=0.0)] = 0.0


class PolicyTable(Table, frozen=True):
    """A table `[[answers]]`: a way to decide how many answers an item gets.

    Attributes:
        policy: "fixed" (`answers`), "first" (`asked`, of which `kept`), "lead" (`lead`
            answers ahead) or "posterior" (until the label is `confidence` sure).
        answers: of a fixed number.
        asked: of the first few: people asked at once.
        kept: of these, answers that are used.
        lead: by how many answers a class must lead.
        confidence: probability at which an item is closed.
        at_most: of the last two: answers after which an item is closed anyway.
    """

    policy: Literal["fixed", "first", "lead", "posterior"]
    answers: Count | None = None
    asked: Count | None = None
    kept: Count | None = None
    lead: Count | None = None
    confidence: Share | None = None
    at_most: Count | None = None


class ProjectFile(Table, frozen=True):
    """A project file.

    Attributes:
        project: what is to be labelled.
        people: who can be had.
        crowd: how they answer.
        prices: what they cost.
        answers: policies to choose from; a ladder of fixed numbers, leads and
            posteriors where none are given.
    """

    project: LabelWork
    people: PeopleTable = PeopleTable()
    crowd: CrowdTable = CrowdTable()
    prices: WageTable = WageTable()
    answers: tuple[PolicyTable, ...] = ()


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIELDS = {
    "fixed": ("answers",),
    "first": ("asked", "kept"),
    "lead": ("lead", "at_most"),
    "posterior": ("confidence", "at_most"),
}
_DEFAULT_AT_MOST = 9


def load_project(path: Path | str) -> ProjectFile:
    """Read a project file.

    Raises:
        TableError: it cannot be read, or a field of it does not fit; the message names
            the field, the value and what is allowed.
    """
    raw = read_toml(Path(path), "Project file")
    return read_table(raw, ProjectFile, whole="a project")


@dataclass(frozen=True)
class CrowdNumbers:
    """How people answer, every number with where it is from.

    Attributes:
        values: by the name of a field of `[crowd]`.
        sources: likewise; "project file" for what the file says.
    """

    values: dict[str, float]
    sources: dict[str, str]


def crowd_numbers(table: CrowdTable) -> CrowdNumbers:
    """Take a population's numbers, but for those that the file gives.

    Raises:
        ValueError: there is no such population.
    """
    # the populations load jax, which the rest of this module does without
    from oracles import describe_population  # noqa: PLC0415

    source = describe_population(table.population)
    values, sources = {}, {}
    for number in source.numbers:
        if number.name in CrowdTable.__struct_fields__ and number.kind in (
            "label",
            "all",
        ):
            values[number.name] = float(number.value)
            sources[number.name] = f"{number.status}: {number.source}"
    for name in CrowdTable.__struct_fields__[1:]:
        if (given := getattr(table, name)) is not None:
            values[name], sources[name] = given, "project file"
    return CrowdNumbers(values, sources)


def project_of(given: ProjectFile, crowd: CrowdNumbers) -> Project:
    """Describe a project in the terms of the workforce.

    Raises:
        TableError: it cannot be run.
    """
    work, people, number = given.project, given.people, crowd.values
    stay = None
    if people.half_life_days is not None:
        stay = with_half_life(
            people.half_life_days * DAY_S, "weibull", people.stay_shape
        )
    start_s = _DAYS.index(work.starts_on) * DAY_S
    limit = work.answer_limit_min
    project = Project(
        items=work.items,
        people=People(
            team=1,
            arrivals_per_day=people.arrivals_per_day,
            lag=Duration(people.lag_days * DAY_S) if people.lag_days else None,
            stay=stay,
            is_replaced=people.is_replaced,
            hours_per_day=people.hours_per_day,
            hours_spread=people.hours_spread,
            days_per_week=people.days_per_week,
            starts_h=people.starts_h,
            starts_over_h=people.starts_over_h,
            onboarding_s=people.onboarding_h * S_PER_H,
            seconds=Duration(number["seconds"], "lognormal", number["spread"]),
            pace_spread=number["pace_spread"],
            behaviour=Behaviour(
                accuracy=number["accuracy"],
                num_classes=work.classes,
                skill_spread=number["skill_spread"],
                shared=math.sqrt(1.0 - number["shared_error"]),
            ),
        ),
        answer_limit_s=None if limit is None else limit * S_PER_MIN,
        start_s=start_s,
        horizon_s=start_s + DAY_S,
    )
    try:
        check_project(project)
    except ValueError as error:
        raise TableError(str(error).replace("`behaviour.", "`crowd.")) from error
    return project


def policies_of(given: ProjectFile, accuracy: float) -> tuple[Policy, ...]:
    """Return the policies that a project chooses from.

    Raises:
        TableError: a field is missing, or belongs to another policy.
    """
    if not given.answers:
        return (
            *(Fixed(num) for num in (1, 3, 5, 7)),
            Lead(2, 7),
            Lead(3, _DEFAULT_AT_MOST),
            *(Posterior(sure, accuracy, _DEFAULT_AT_MOST) for sure in _POSTERIORS),
        )
    return tuple(
        _policy(table, f"answers[{i}]", accuracy)
        for i, table in enumerate(given.answers)
    )


def _policy(table: PolicyTable, where: str, accuracy: float) -> Policy:
    own = _FIELDS[table.policy]
    for name in table.__struct_fields__[1:]:
        is_given = getattr(table, name) is not None
        if is_given and name not in own:
            raise TableError(
                f"`{where}.{name}` must be left out with policy {table.policy!r}, got "
                f"{getattr(table, name)!r}."
            )
        if not is_given and name in own and name != "at_most":
            raise TableError(f"`{where}.{name}` must be given with {table.policy!r}.")
    at_most = table.at_most or _DEFAULT_AT_MOST
    if table.policy == "fixed":
        return Fixed(table.answers or 1)
    if table.policy == "first":
        return First(table.asked or 1, table.kept or 1)
    if table.policy == "lead":
        return Lead(table.lead or 1, max(at_most, table.lead or 1))
    return Posterior(table.confidence or 0.0, accuracy, at_most)
