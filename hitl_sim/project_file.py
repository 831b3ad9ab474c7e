"""The project file of `hitl-sim staff`: its tables, read to a project and policies."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.cost.constant import exactly
from hitl_sim.labour import CROWD, GroupRate, Money, WageTable, shipped
from hitl_sim.read_table import TableError, read_table, read_toml
from hitl_sim.schema import Count, Positive, Share, Spread, Table, one_of
from hitl_sim.unit import S_PER_H, S_PER_MIN
from hitl_sim.workforce.behaviour import Behaviour
from hitl_sim.workforce.duration import Duration, with_half_life
from hitl_sim.workforce.people import People
from hitl_sim.workforce.policy import First, Fixed, Lead, Policy, Posterior
from hitl_sim.workforce.project import Group, Project, check_project
from hitl_sim.workforce.quality import Adjudication, Gold, Qualification
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
        holidays: days of the project on which nobody works, 1 being the first.
        break_every_h: work after which there is a break, h; it is part of the working
            day and not paid.
        break_min: length of a break, minutes.
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
    holidays: tuple[Count, ...] = ()
    break_every_h: Positive | None = None
    break_min: Annotated[float, Meta(ge=0.0)] = 0.0
    onboarding_h: Annotated[float, Meta(ge=0.0)] = 0.0


class CrowdTable(Table, frozen=True):
    """Table `[crowd]`: how people answer, named as in a study.

    Attributes:
        population: a named population; what is left out below is its number.
        kind: of feedback that those numbers are for.
        seconds: mean time of an answer, s.
        spread: standard deviation of log seconds of one person.
        pace_spread: standard deviation of log seconds between people.
        accuracy: how often one answer is right.
        skill_spread: standard deviation of skill between people, in units of noise.
        shared_error: correlation of the noise of two people on one item.
    """

    population: str = "typical"
    kind: str = "label"
    seconds: Positive | None = None
    spread: Positive | None = None
    pace_spread: Spread | None = None
    accuracy: Share | None = None
    skill_spread: Spread | None = None
    shared_error: Annotated[float, Meta(ge=0.0, lt=1.0)] | None = None


class TestTable(Table, frozen=True):
    """Table `[qualification]`: a test before the onboarding.

    Attributes:
        questions: of the test.
        least_right: answers that must be right.
        is_paid: whether its time is paid.
    """

    questions: Count
    least_right: Count
    is_paid: bool = True


class GoldTable(Table, frozen=True):
    """Table `[gold]`: questions among the others whose right answers are known.

    Attributes:
        share: of the questions that people answer.
        gain: skill that people gain by being told the right answers of many, in units
            of noise; 0 where they are not told.
        halfway: such questions after which half of it is gained.
        least_right: share of somebody's answers to them that must be right; left out
            where nobody is sent away.
        after: such questions from which on that is looked at.
        is_redone: whether answers of who is sent away are refused and asked anew.
    """

    share: Share
    gain: Spread = 0.0
    halfway: Positive = 10.0
    least_right: Share | None = None
    after: Count = 10
    is_redone: bool = False


class AdjudicationTable(Table, frozen=True):
    """Table `[adjudication]`: experts decide what is unclear.

    Attributes:
        below: an item goes to them where its label would be right with less than this
            probability, were people independent.
        answers: experts who are asked about it.
    """

    below: Share
    answers: Count = 1


class GroupTable(Table, frozen=True):
    """A table `[[group]]`: further people, who are there whatever the plan.

    Attributes:
        name: of the group.
        role: "label" as the crowd does, or "decide" as experts of `[adjudication]`.
        people: how many there are.
        wage_usd_per_h: their wage; or
        wage: name of a shipped wage; or
        answer_usd: price of each of their answers, as of machines.
        is_machine: whether they are at it day and night, all alike in pace.
        hours_per_day: working day, h.
        days_per_week: working days from Monday on.
        starts_h: hour at which working days begin.
        onboarding_h: paid hours before the first answer.
        crowd: how they answer, as in `[crowd]`.
    """

    name: Annotated[str, Meta(min_length=1)]
    role: Literal["label", "decide"] = "label"
    people: Count = 1
    wage_usd_per_h: Money | None = None
    wage: str | None = None
    answer_usd: Money | None = None
    is_machine: bool = False
    hours_per_day: Annotated[float, Meta(gt=0.0, le=24.0)] = 8.0
    days_per_week: Annotated[int, Meta(ge=1, le=7)] = 5
    starts_h: Annotated[float, Meta(ge=0.0, lt=24.0)] = 9.0
    onboarding_h: Annotated[float, Meta(ge=0.0)] = 0.0
    crowd: CrowdTable = CrowdTable()


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
        qualification: a test that people must pass; None for none.
        gold: questions whose answers are known; None for none.
        adjudication: what experts decide; None for nothing.
        group: further people.
        answers: policies to choose from; a ladder of fixed numbers, leads and
            posteriors where none are given.
    """

    project: LabelWork
    people: PeopleTable = PeopleTable()
    crowd: CrowdTable = CrowdTable()
    prices: WageTable = WageTable()
    qualification: TestTable | None = None
    gold: GoldTable | None = None
    adjudication: AdjudicationTable | None = None
    group: tuple[GroupTable, ...] = ()
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
    from oracles.populations import KINDS  # noqa: PLC0415

    # a number is neither right nor wrong, which is all that staffing counts
    known = [kind for kind in KINDS if kind != "number"]
    if table.kind not in known:
        raise TableError(f"`crowd.kind` must be {one_of(known)}, got {table.kind!r}.")
    source = describe_population(table.population)
    values, sources = {}, {}
    # a number for the kind itself goes before one for all
    for kind in ("all", table.kind):
        for number in source.numbers:
            if number.kind == kind and number.name in CrowdTable.__struct_fields__:
                values[number.name] = float(number.value)
                sources[number.name] = f"{number.status}: {number.source}"
    for name in CrowdTable.__struct_fields__[2:]:
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
    first_day = _DAYS.index(work.starts_on)
    start_s = first_day * DAY_S
    limit = work.answer_limit_min
    every_h = people.break_every_h
    gold, decided = given.gold, given.adjudication
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
            holidays=_holidays(given),
            break_every_s=None if every_h is None else every_h * S_PER_H,
            break_s=people.break_min * S_PER_MIN,
            test=_test_of(given.qualification),
            onboarding_s=people.onboarding_h * S_PER_H,
            seconds=Duration(number["seconds"], "lognormal", number["spread"]),
            pace_spread=number["pace_spread"],
            behaviour=_behaviour(number, work.classes),
        ),
        groups=tuple(_group_of(table, given) for table in given.group),
        gold=None if gold is None else Gold(**_fields(gold)),
        adjudication=None if decided is None else Adjudication(**_fields(decided)),
        answer_limit_s=None if limit is None else limit * S_PER_MIN,
        start_s=start_s,
        horizon_s=start_s + DAY_S,
    )
    try:
        check_project(project)
    except ValueError as error:
        raise TableError(_as_written(str(error))) from error
    return project


def _as_written(message: str) -> str:
    """Name fields as the file does."""
    for ours, theirs in (
        ("`behaviour.", "`crowd."),
        ("`people.test.", "`qualification."),
        ("`groups`", "`group`"),
    ):
        message = message.replace(ours, theirs)
    return message


def _fields(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in table.__struct_fields__}


def _test_of(table: TestTable | None) -> Qualification | None:
    return None if table is None else Qualification(**_fields(table))


def _holidays(given: ProjectFile) -> tuple[int, ...]:
    first_day = _DAYS.index(given.project.starts_on)
    return tuple(first_day + day - 1 for day in given.people.holidays)


def _behaviour(number: Mapping[str, float], classes: int) -> Behaviour:
    return Behaviour(
        accuracy=number["accuracy"],
        num_classes=classes,
        skill_spread=number["skill_spread"],
        shared=math.sqrt(1.0 - number["shared_error"]),
    )


def _group_of(table: GroupTable, given: ProjectFile) -> Group:
    """Describe further people; machines are there day and night."""
    number = crowd_numbers(table.crowd).values
    is_machine = table.is_machine
    people = People(
        team=table.people,
        is_replaced=True,
        hours_per_day=24.0 if is_machine else table.hours_per_day,
        days_per_week=7 if is_machine else table.days_per_week,
        starts_h=table.starts_h,
        holidays=() if is_machine else _holidays(given),
        onboarding_s=table.onboarding_h * S_PER_H,
        seconds=Duration(number["seconds"], "lognormal", number["spread"]),
        pace_spread=0.0 if is_machine else number["pace_spread"],
        behaviour=_behaviour(number, given.project.classes),
    )
    return Group(table.name, people, is_expert=table.role == "decide")


def group_rates(given: ProjectFile) -> dict[str, GroupRate]:
    """Return what each further group is paid.

    Raises:
        TableError: nothing says so, or more than one field does.
    """
    found = {}
    for number, table in enumerate(given.group):
        where = f"group[{number}]"
        ways = ("wage_usd_per_h", "wage", "answer_usd")
        told = [name for name in ways if getattr(table, name) is not None]
        if len(told) != 1:
            raise TableError(
                f"`{where}` must give one of {one_of(ways).removeprefix('one of ')}, "
                f"got {' and '.join(told) or 'none'} of {table.name!r}."
            )
        field = f"{where}.{told[0]}"
        if table.answer_usd is not None:
            price = exactly(table.answer_usd, "USD", f"project file, {field}")
            found[table.name] = GroupRate(None, price)
        elif table.wage is not None:
            found[table.name] = GroupRate(shipped("wage", table.wage, field))
        else:
            wage = table.wage_usd_per_h or 0.0
            found[table.name] = GroupRate(
                exactly(wage, "USD/h", f"project file, {field}")
            )
    if CROWD in found:
        raise TableError(f"`group.name` must be another than {CROWD!r}, the crowd's.")
    return found


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
