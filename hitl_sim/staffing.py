"""How many people a labelling project takes for a deadline, what it costs, how right.

    import hitl_sim as hs

    found = hs.staff("project.toml", deadline_d=10, confidence=0.9, accuracy=0.95)
    print(found.best.plan, found.best.ends_s)

A project file names what is to be labelled, by whom, and at which prices; see
`hitl_sim.project_file`. People behave as one of the named populations does, but for
what the file says itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hitl_sim.labour import CostLine, Rates, bill_of, rates_of
from hitl_sim.participants.answers import Answers, kinds_of
from hitl_sim.project_file import (
    CrowdNumbers,
    ProjectFile,
    crowd_numbers,
    group_rates,
    load_project,
    policies_of,
    project_of,
)
from hitl_sim.read_table import TableError, read_toml
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce.people import People
from hitl_sim.workforce.policy import First, Fixed, Lead, Policy
from hitl_sim.workforce.progress import Log, Seen, draw_situation, look_at
from hitl_sim.workforce.project import Project, check_project
from hitl_sim.workforce.remaining import draw_remaining_s, interval_of
from hitl_sim.workforce.staffing import (
    SPEEDS,
    Engine,
    Forecast,
    Goal,
    ImpossiblePlanError,
    Plan,
    Situation,
    check_first_answer,
    check_goal,
    confirmed,
    forecast,
    is_on_frontier,
    most_accurate,
    needs_clock,
    smallest_team,
    told_days,
)
from hitl_sim.workforce.team import DAY_S

_RUNS = 100
_LEAST_RUNS = 30
_MOST_ANSWERS = 10_000_000
"""Answers of all runs of a plan, beyond which fewer runs are made."""
_MOST_BY_CLOCK = 2_000_000
_PLENTY = 5
"""People beyond whom nobody waits for the last items of a fixed number of answers, as a
multiple of that number."""
_REMAINING_DRAWS, _MOST_DRAWN = 199, 20_000
_HORIZONS = 4.0
"""Deadlines after which a run is broken off."""
_MONDAY_S = 3 * DAY_S
"""From a Monday to the beginning of 1970, which was a Thursday."""


@dataclass(frozen=True)
class Staffing:
    """What it takes to meet a deadline.

    Attributes:
        goal: what was asked for.
        situations: how things may stand.
        crowd: how people answer, and where that is from.
        rates: what they cost.
        plans: the smallest team of each policy that meets the deadline, the cheapest
            first.
        frontier: plans of several speeds that no other beats in cost, date and accuracy
            at once, the cheapest first.
        best: the cheapest plan that meets all of the goal, run by the clock where it is
            small enough.
        bill: what it costs, line by line.
        late: policies with which as many people as can be had are late, and how likely
            those are to be on time.
        poor: policies that are in time, but whose labels are not right often enough.
        notes: what a reader should know besides.
    """

    goal: Goal
    situations: tuple[Situation, ...]
    crowd: CrowdNumbers
    rates: Rates
    plans: tuple[Forecast, ...]
    frontier: tuple[Forecast, ...]
    best: Forecast
    bill: tuple[CostLine, ...]
    late: tuple[Forecast, ...]
    poor: tuple[Forecast, ...]
    notes: tuple[str, ...] = ()


def staff(
    project: ProjectFile | Path | str,
    deadline_d: float,
    confidence: float = 0.9,
    accuracy: float | None = None,
    runs: int = _RUNS,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
    first_answers: Answers | None = None,
    arm: str | None = None,
) -> Staffing:
    """Find how many people finish a project in time, and what that costs.

    Args:
        project: the project, its file, or a study's file.
        deadline_d: days from its start to the deadline.
        confidence: with which probability it must be met.
        accuracy: share of labels that must be right; None where any will do.
        runs: of each plan; fewer where a project is large.
        seed: of all draws.
        on_step: told of what is being looked at.
        first_answers: of a project under way: the deadline is counted from the last of
            them, plans say whom to recruit besides, and pace, activity, quality,
            leaving and arriving are those of the answers, each run with other values
            that they allow.
        arm: of a study whose questions are answered; None where only one asks.

    Raises:
        TableError: the project cannot be run as written, or its first answers tell too
            little.
        ImpossiblePlanError: no plan will do; the message says which constraint binds.
    """
    given, notes = _read(project, arm)
    crowd = crowd_numbers(given.crowd)
    goal = Goal(deadline_d * DAY_S, confidence, accuracy, given.people.at_most)
    check_goal(goal)
    base = project_of(given, crowd)
    if first_answers is None:
        horizon_s = base.start_s + _HORIZONS * goal.deadline_s
        situations = [Situation(replace(base, horizon_s=horizon_s))]
    else:
        _check_alone(given)
        seen, told = see_answers(first_answers, base)
        horizon_s = seen.now_s + _HORIZONS * goal.deadline_s
        known = replace(base.people, team=given.people.recruited)
        going = replace(base, people=known, start_s=seen.now_s, horizon_s=horizon_s)
        rng = np.random.default_rng([seed, 2])
        situations = [draw_situation(seen, going, rng) for _ in range(runs)]
        crowd = crowd_seen(situations, seen, first_answers.origin, crowd)
        notes += told
    policies = policies_of(given, crowd.values["accuracy"])
    if first_answers is not None:
        notes += told_remaining(first_answers, seen, base.items, policies, seed)
    rates = rates_of(given.prices, base, group_rates(given))
    found = plan_staff(situations, policies, goal, crowd, rates, runs, seed, on_step)
    return replace(found, notes=notes)


def _read(
    project: ProjectFile | Path | str, arm: str | None
) -> tuple[ProjectFile, tuple[str, ...]]:
    """Read a project, or take it from a study; say where it is from."""
    if not isinstance(project, ProjectFile) and "arm" in read_toml(
        Path(project), "Project file"
    ):
        # studies load jax, which the rest of this module does without
        from hitl_sim.study_project import project_of_study  # noqa: PLC0415

        given, told = project_of_study(Path(project), arm)
        return given, (told,)
    if arm is not None:
        raise TableError(f"`--arm` must be left out of a project file, got {arm!r}.")
    if isinstance(project, ProjectFile):
        return project, ()
    return load_project(project), ()


def _check_alone(given: ProjectFile) -> None:
    """Refuse what the first answers of one crowd tell nothing of.

    Raises:
        TableError: the project has checks or further groups.
    """
    for name in ("qualification", "gold", "adjudication", "group"):
        if getattr(given, name):
            raise TableError(
                f"`{name}` must be left out with `from`, for first answers are read as "
                "those of one crowd that nobody checks."
            )


def see_answers(answers: Answers, project: Project) -> tuple[Seen, tuple[str, ...]]:
    """Summarise the first answers of a project, and say what they leave open.

    Raises:
        TableError: they have no times, or too few of them.
    """
    for name in ("started", "seconds"):
        if not answers.has(name):
            raise TableError(
                f"`from` must hold when answers were given: a column `{name}`, got "
                f"none in {answers.origin}."
            )
    try:
        seen = look_at(log_of(answers), project.people)
    except ValueError as error:
        raise TableError(str(error)) from error
    num, gone = int(seen.num.sum()), int(seen.is_gone.sum())
    notes = [
        f"{num:,} answers of {seen.num.size:,} people on {seen.begun.size:,} items; "
        f"{gone:,} people were away for a working day or more and count as gone."
    ]
    if seen.begun.size > project.items:
        raise TableError(
            f"`project.items` ({project.items:,}) must be at least the "
            f"{seen.begun.size:,} items of `from`, for they are part of the project."
        )
    if not seen.judged.sum():
        notes.append(
            "No gold: accuracy is that at which people who err together as "
            "`crowd.shared_error` says would agree as often."
        )
    if not gone and project.people.stay is None:
        notes.append("Nobody is seen to have left, so nobody is taken to leave.")
    return seen, tuple(notes)


def told_remaining(
    answers: Answers,
    seen: Seen,
    items: int,
    policies: Sequence[Policy],
    seed: int,
) -> tuple[str, ...]:
    """Say how long the answers take that a fixed number of them leaves.

    It looks at people alone, and at no working day; plans have the hours of a team.
    """
    fixed = next((one for one in policies if isinstance(one, Fixed)), None)
    if fixed is None:
        return ()
    done = int(np.minimum(seen.begun, fixed.answers).sum())
    left = items * fixed.answers - done
    if left < 1:
        return ()
    rng = np.random.default_rng([seed, 3])
    # of more answers than these chance in each is nothing beside that in people
    drawn = min(left, _MOST_DRAWN)
    spent = draw_remaining_s(log_of(answers), drawn, _REMAINING_DRAWS, rng)
    hours = interval_of(spent * left / drawn / S_PER_H, 0.9)
    return (
        f"With {told_policy(fixed)} for each item {left:,} answers are left. By whole "
        f"people resampled they take {hours[0]:,.3g} to {hours[1]:,.3g} hours (90 %).",
    )


def log_of(answers: Answers) -> Log:
    """Take the answers that have a time, of the kind that there is most of.

    Times count from a Monday, 1969-12-29, in UTC.
    """
    kind = kinds_of(answers)[0]
    codes, names = answers.codes("kind")
    rows = codes == names.index(kind)
    part = answers.rows(rows)
    person, _ = part.codes("annotator")
    item, _ = part.codes("item")
    answer, texts = part.codes("answer")
    gold, golds = part.codes("gold")
    place = {text: number for number, text in enumerate(dict.fromkeys(texts + golds))}
    to_place = np.array([*(place[text] for text in golds), -1])
    seconds, start_s = part.numbers("seconds"), part.numbers("started")
    known = np.isfinite(seconds) & np.isfinite(start_s) & (seconds > 0)
    log = Log(
        person=person,
        item=item,
        start_s=start_s + _MONDAY_S,
        seconds=seconds,
        answer=answer,
        truth=np.asarray(to_place[gold], np.int64),
    )
    return log.rows(np.flatnonzero(known))


def crowd_seen(
    situations: Sequence[Situation], seen: Seen, origin: str, assumed: CrowdNumbers
) -> CrowdNumbers:
    """Tell how people answer who were seen, in the middle of what is possible."""
    people = [one.project.people for one in situations]

    def middle(read: Callable[[People], float]) -> float:
        return float(np.median([read(one) for one in people]))

    values = {
        "seconds": middle(lambda p: p.seconds.mean_s),
        "spread": middle(lambda p: p.seconds.spread),
        "pace_spread": middle(lambda p: p.pace_spread),
        "accuracy": middle(lambda p: p.behaviour.accuracy),
    }
    if seen.judged.sum():
        values["shared_error"] = middle(lambda p: 1.0 - p.behaviour.shared**2)
    source = f"estimated from {origin}; the middle of what runs were given"
    estimated = CrowdNumbers(values, dict.fromkeys(values, source))
    return CrowdNumbers(
        assumed.values | estimated.values, assumed.sources | estimated.sources
    )


def plan_staff(
    situations: Sequence[Situation],
    policies: Sequence[Policy],
    goal: Goal,
    crowd: CrowdNumbers,
    rates: Rates,
    runs: int,
    seed: int,
    on_step: Callable[[str], None],
) -> Staffing:
    """Find the smallest team of each policy, and the cheapest of them; see `staff`."""
    for policy in policies:
        project = replace(situations[0].project, policy=policy)
        check_project(project, is_alone=situations[0].present is None)
    check_first_answer(situations, goal, seed)
    plans, late = [], []
    for policy in policies:
        on_step(told_policy(policy))
        num = _num_runs(situations, policy, runs)
        found = _smallest(policy, situations, rates, goal, num, seed)
        if found is None:
            most = Plan(goal.most_people, policy)
            few = min(num, _LEAST_RUNS)
            clock = needs_clock(situations, policy)
            engine: Engine = "clock" if clock else "backlog"
            late.append(forecast(most, situations, rates.price, few, seed, engine))
        else:
            plans.append(found)
    right = [one for one in plans if _is_right(one, goal)]
    if not plans and situations[0].project.adjudication is not None:
        _check_experts(late, situations, rates, goal, seed)
    if not right:
        raise ImpossiblePlanError(_why_not(plans, late, goal))
    cheapest = sorted(right, key=lambda one: one.mean_cost_usd)
    on_step("the cheapest by the clock")
    best = _by_clock(cheapest, situations, rates, goal, runs, seed)
    on_step("other speeds")
    frontier = _frontier(plans, situations, rates, goal, seed)
    return Staffing(
        goal=goal,
        situations=tuple(situations),
        crowd=crowd,
        rates=rates,
        plans=tuple(sorted(plans, key=lambda one: one.mean_cost_usd)),
        frontier=frontier,
        best=best,
        bill=bill_of(best.accounts, rates),
        late=tuple(late),
        poor=tuple(one for one in plans if not _is_right(one, goal)),
    )


def _smallest(
    policy: Policy,
    situations: Sequence[Situation],
    rates: Rates,
    goal: Goal,
    runs: int,
    seed: int,
) -> Forecast | None:
    """Find the smallest team; where checks need the clock, from a guess without them.

    Returns:
        Its forecast; None where as many as can be had are late.
    """
    given = situations[0].project
    if not (given.gold or given.groups):
        return smallest_team(policy, situations, rates.price, goal, runs, seed)
    plain = [
        replace(
            one,
            project=replace(one.project, gold=None, groups=(), adjudication=None),
        )
        for one in situations
    ]
    guess = smallest_team(policy, plain, rates.price, goal, _LEAST_RUNS, seed)
    team = goal.most_people if guess is None else guess.plan.team
    least = max(1, min(policy.at_most, goal.most_people))
    if any(not group.is_expert for group in given.groups):
        # others may do most of the work
        return smallest_team(policy, situations, rates.price, goal, _LEAST_RUNS, seed)
    plan = Plan(max(team, least), policy)
    begun = forecast(plan, plain[:1], rates.price, 1, seed)
    found = confirmed(begun, situations, rates.price, goal, _LEAST_RUNS, seed)
    return found if found.on_time(goal.deadline_s) >= goal.confidence else None


def _check_experts(
    late: Sequence[Forecast],
    situations: Sequence[Situation],
    rates: Rates,
    goal: Goal,
    seed: int,
) -> None:
    """Say that experts are what a project waits for, where it is so.

    Raises:
        ImpossiblePlanError: without them it would be in time.
    """
    sure = max(late, key=lambda one: one.on_time(goal.deadline_s))
    given = situations[0].project
    others = tuple(group for group in given.groups if not group.is_expert)
    alone = replace(given, groups=others, adjudication=None)
    left = [replace(situations[0], project=alone)]
    engine: Engine = "clock" if needs_clock(left, sure.plan.policy) else "backlog"
    few = forecast(sure.plan, left, rates.price, 10, seed, engine)
    if few.on_time(goal.deadline_s) < goal.confidence:
        return
    experts = [group for group in given.groups if group.is_expert]
    names = " and ".join(repr(group.name) for group in experts)
    most = sum(group.people.team for group in experts)
    asked = np.mean([account.adjudicated for account in sure.accounts])
    raise ImpossiblePlanError(
        f"`group.people` of {names} ({most}) must be more, `adjudication.below` lower "
        f"or `deadline` ({told_days(goal.deadline_s)}) later: {asked:,.0f} items wait "
        "for them, and all others are in time."
    )


def _num_runs(situations: Sequence[Situation], policy: Policy, runs: int) -> int:
    answers = situations[0].project.items * policy.at_most
    most = _MOST_ANSWERS // answers
    return min(runs, max(_LEAST_RUNS, most))


def _is_right(found: Forecast, goal: Goal) -> bool:
    return goal.accuracy is None or found.mean_accuracy >= goal.accuracy


def _by_clock(
    cheapest: Sequence[Forecast],
    situations: Sequence[Situation],
    rates: Rates,
    goal: Goal,
    runs: int,
    seed: int,
) -> Forecast:
    """Run the cheapest by the clock; the next where that shows it to be too late."""
    for found in cheapest:
        if not _has_tail(found, situations):
            return found
        num = min(runs, _LEAST_RUNS)
        again = confirmed(found, situations, rates.price, goal, num, seed)
        if again.on_time(goal.deadline_s) >= goal.confidence and _is_right(again, goal):
            return again
    raise ImpossiblePlanError(_why_not([], cheapest, goal))


def _has_tail(found: Forecast, situations: Sequence[Situation]) -> bool:
    """Whether the clock may show a plan to be later than the array engine does."""
    policy, present = found.plan.policy, situations[0].present
    people = found.plan.team + (0 if present is None else len(present))
    is_plain = isinstance(policy, Fixed) and people >= _PLENTY * policy.answers
    answers = situations[0].project.items * found.answers_per_item.mean()
    is_small = answers * _LEAST_RUNS <= _MOST_BY_CLOCK
    return found.engine == "backlog" and is_small and not is_plain


def _frontier(
    plans: Sequence[Forecast],
    situations: Sequence[Situation],
    rates: Rates,
    goal: Goal,
    seed: int,
) -> tuple[Forecast, ...]:
    """Run each policy at other speeds too, and keep what nothing beats."""
    tried = list(plans)
    for found in plans:
        if needs_clock(situations, found.plan.policy):
            continue
        teams = {
            min(goal.most_people, max(found.plan.policy.at_most, round(s * team)))
            for s in SPEEDS
            if (team := found.plan.team)
        }
        tried += [
            forecast(Plan(team, found.plan.policy), situations, rates.price, 30, seed)
            for team in sorted(teams - {found.plan.team})
        ]
    tried = [one for one in tried if math.isfinite(one.ends_s[2])]
    costs = np.array([one.mean_cost_usd for one in tried])
    ends = np.array([one.ends_s[2] for one in tried])
    shares = np.array([one.mean_accuracy for one in tried])
    kept = is_on_frontier(costs, ends, shares)
    return tuple(tried[i] for i in np.argsort(costs, kind="stable") if kept[i])


def _why_not(plans: Sequence[Forecast], late: Sequence[Forecast], goal: Goal) -> str:
    """Say which constraint binds."""
    when = told_days(goal.deadline_s)
    if not plans:
        sure = max(late, key=lambda one: one.on_time(goal.deadline_s))
        asked = min(one.plan.policy.at_most for one in late)
        if asked > goal.most_people:
            return (
                f"`people.at_most` ({goal.most_people}) must be at least {asked}, the "
                "different people who may be asked about one item."
            )
        return (
            f"`people.at_most` ({goal.most_people}) must be larger or `deadline` "
            f"({when}) later: even {told_policy(sure.plan.policy)} is in time with "
            f"probability {sure.on_time(goal.deadline_s):.2f} only, and half of the "
            f"runs take longer than {told_days(sure.ends_s[1])}."
        )
    best = most_accurate(plans)
    more = f", or `deadline` ({when}) later" if late else ""
    return (
        f"`accuracy` ({goal.accuracy:g}) must be lower{more}: the most accurate plan "
        f"in time, {told_policy(best.plan.policy)}, is right in "
        f"{best.mean_accuracy:.3f} of items, for people err on the same ones "
        "(`crowd.shared_error`) and as often as `crowd.accuracy` says."
    )


def told_policy(policy: Policy) -> str:
    """Write a policy in a few words."""
    if isinstance(policy, Fixed):
        return "1 answer" if policy.answers == 1 else f"{policy.answers} answers"
    if isinstance(policy, First):
        return f"the first {policy.kept} of {policy.asked}"
    if isinstance(policy, Lead):
        return f"until {policy.lead} ahead, at most {policy.at_most}"
    return f"until {100 * policy.confidence:.3g}% sure, at most {policy.at_most}"


def describe_policy(policy: Policy) -> str:
    """Write what an item gets, as part of a sentence."""
    if isinstance(policy, Fixed):
        return told_policy(policy)
    if isinstance(policy, First):
        return f"the first {policy.kept} answers of {policy.asked} people"
    if isinstance(policy, Lead):
        what = f"one class is {policy.lead} ahead"
    else:
        what = f"its label is {100 * policy.confidence:.3g}% sure"
    return f"answers until {what}, at most {policy.at_most}"


def read_days(text: str) -> float:
    """Read a time such as "10d", "36h" or "2w", in days.

    Raises:
        ValueError: it is none.
    """
    units = {"h": 1 / 24, "d": 1.0, "w": 7.0}
    try:
        days = float(text[:-1]) * units[text[-1:]]
    except (ValueError, KeyError):
        days = math.nan
    if not 0 < days < math.inf:
        raise ValueError(
            f"`deadline` must be a time above 0 such as 36h, 10d or 2w, got {text!r}."
        )
    return days
