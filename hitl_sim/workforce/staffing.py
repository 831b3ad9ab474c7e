"""How many people a deadline takes: forecasts of plans, and the cheapest that do."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.workforce.account import Account
from hitl_sim.workforce.backlog import draw_labels, simulate_backlog, why_not_backlog
from hitl_sim.workforce.behaviour import mean_skill
from hitl_sim.workforce.labelling import simulate_project
from hitl_sim.workforce.people import People, draw_roster
from hitl_sim.workforce.policy import First, Fixed, Policy
from hitl_sim.workforce.project import Project
from hitl_sim.workforce.roster import Roster, join_rosters, next_work

Engine = Literal["clock", "backlog"]
Pricing = Callable[[Account], float]
"""Prices what a project came to, USD."""
SPEEDS = (0.5, 0.7, 1.4, 2.0)
"""Teams that are shown beside the one that a deadline takes, as multiples of it."""
_PROBES = 30
_LABELS = 4_000
"""Items of each run whose labels are drawn; a forecast makes many runs."""
_TEN = (0.1, 0.5, 0.9)


class ImpossiblePlanError(ValueError):
    """No plan meets what was asked; the message says which constraint binds."""


@dataclass(frozen=True)
class Situation:
    """One way in which things may stand when a plan begins.

    Attributes:
        project: what is left to do; a plan puts its own team and policy in.
        present: people who are there already, in addition; None where nobody is.
        begun: `[B]` answers that items have already which are begun; None where none
            is. Such an item counts for the share of its answers that it lacks.
    """

    project: Project
    present: Roster | None = None
    begun: IntArray | None = None

    def items_left(self, policy: Policy) -> int:
        """Return how many items are left to a policy, begun ones by what they lack."""
        items = self.project.items
        if self.begun is None:
            return items
        done = np.minimum(self.begun / _usual_answers(policy, self.project), 1.0)
        return max(1, math.ceil(items - float(done.sum()) - 1e-9))


@dataclass(frozen=True)
class Plan:
    """A number of people, and a policy.

    Attributes:
        team: people who are recruited at the start, beside those who are there.
        policy: how many answers an item gets.
    """

    team: int
    policy: Policy


@dataclass(frozen=True)
class Forecast:
    """What `R` runs of a plan came to.

    Attributes:
        plan: the plan.
        engine: "clock" for the simpy engine, "backlog" for the array engine.
        end_s: `[R]` time from the start until the last item was closed, s; infinite
            where it never was.
        cost_usd: `[R]` what it costs, USD.
        accuracy: `[R]` share of labels that are right.
        claimed: `[R]` mean probability that a label is right, were people independent.
        answers_per_item: `[R]` answers paid for each closed item.
        utilisation: `[R]` share of the time at work that went into answers.
        people: `[R]` people who came.
        accounts: of the runs.
    """

    plan: Plan
    engine: Engine
    end_s: FloatArray
    cost_usd: FloatArray
    accuracy: FloatArray
    claimed: FloatArray
    answers_per_item: FloatArray
    utilisation: FloatArray
    people: FloatArray
    accounts: tuple[Account, ...]

    def on_time(self, deadline_s: float) -> float:
        """Return the share of runs that ended by a deadline."""
        return float((self.end_s <= deadline_s).mean())

    @property
    def ends_s(self) -> tuple[float, float, float]:
        """Return when it ends: the 10, 50 and 90 % quantiles, s."""
        low, middle, high = np.quantile(self.end_s, _TEN, method="higher")
        return float(low), float(middle), float(high)

    @property
    def mean_cost_usd(self) -> float:
        """Return the mean cost, USD."""
        return float(self.cost_usd.mean())

    @property
    def mean_accuracy(self) -> float:
        """Return the mean share of labels that are right; nan where nobody answered."""
        known = self.accuracy[np.isfinite(self.accuracy)]
        return float(known.mean()) if known.size else math.nan


def forecast(
    plan: Plan,
    situations: Sequence[Situation],
    price: Pricing,
    runs: int,
    seed: int,
    engine: Engine = "backlog",
) -> Forecast:
    """Run a plan several times.

    Args:
        plan: people and policy, in the place of the projects'.
        situations: how things may stand: one, or as many as could be true; run r takes
            the r-th, over and over.
        price: of each run.
        runs: how many.
        seed: run r depends on this and r alone.
        engine: which one runs it.
    """
    accounts = []
    for run in range(runs):
        given = situations[run % len(situations)]
        people = replace(given.project.people, team=plan.team)
        project = replace(
            given.project,
            items=given.items_left(plan.policy),
            people=people,
            policy=plan.policy,
        )
        roster = _roster(given, people, seed + run)
        if engine == "clock":
            account = simulate_project(project, seed + run, roster=roster)
        else:
            account = simulate_backlog(
                project, seed + run, roster=roster, most_labels=_LABELS
            )
        accounts.append(account)
    start_s = situations[0].project.start_s

    def each(read: Callable[[Account], float]) -> FloatArray:
        return np.array([read(account) for account in accounts])

    return Forecast(
        plan=plan,
        engine=engine,
        end_s=each(lambda a: a.end_s - start_s if a.is_finished else math.inf),
        cost_usd=each(price),
        accuracy=each(lambda a: a.accuracy),
        claimed=each(lambda a: a.claimed),
        answers_per_item=each(lambda a: a.answered / max(1, a.items_closed)),
        utilisation=each(lambda a: a.utilisation),
        people=each(lambda a: float(a.people_came)),
        accounts=tuple(accounts),
    )


@functools.lru_cache(maxsize=10_000)
def _usual_answers(policy: Policy, project: Project) -> float:
    """Return how many answers an item takes by a policy, from people all alike."""
    if isinstance(policy, Fixed):
        return float(policy.answers)
    if isinstance(policy, First):
        return float(policy.kept)
    behaviour, alike = project.people.behaviour, np.zeros(policy.at_most)
    skill = alike + mean_skill(behaviour)
    rng = np.random.default_rng(0)
    weight = np.ones(policy.at_most)
    return draw_labels(policy, behaviour, skill, weight, rng, _LABELS).answers


def _roster(given: Situation, people: People, seed: int) -> Roster | None:
    """Draw who is recruited, beside those who are there; None leaves it to the run."""
    if given.present is None:
        return None
    project = given.project
    rng = np.random.default_rng([seed, 1])
    if people.team == 0 and people.arrivals_per_day == 0:
        return given.present
    drawn = draw_roster(people, project.horizon_s, rng, project.start_s)
    return join_rosters(given.present, drawn)


@dataclass(frozen=True)
class Goal:
    """What a plan must do.

    Attributes:
        deadline_s: when the last item must be closed, s.
        confidence: with which probability.
        accuracy: share of labels that must be right; None where any will do.
        most_people: people who can be had at once.
    """

    deadline_s: float
    confidence: float = 0.9
    accuracy: float | None = None
    most_people: int = 1_000


def check_goal(goal: Goal) -> None:
    """Refuse a goal that says nothing.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    is_share = goal.accuracy is None or 0 < goal.accuracy < 1
    conditions = {
        "deadline": (0 < goal.deadline_s < math.inf, "above 0", goal.deadline_s),
        "confidence": (0 < goal.confidence < 1, "in (0, 1)", goal.confidence),
        "accuracy": (is_share, "in (0, 1)", goal.accuracy),
        "people.at_most": (goal.most_people >= 1, ">= 1", goal.most_people),
    }
    for name, (is_met, condition, value) in conditions.items():
        if not is_met:
            raise ValueError(f"`{name}` must be {condition}, got {value!r}.")


def check_first_answer(situations: Sequence[Situation], goal: Goal, seed: int) -> None:
    """Refuse a deadline before which nobody can have begun.

    Raises:
        ImpossiblePlanError: nobody is through recruitment and onboarding by then.
    """
    first_s = math.inf
    for run, given in enumerate(situations[:_PROBES]):
        project = given.project
        people = replace(project.people, team=goal.most_people)
        horizon_s = project.start_s + 2 * goal.deadline_s
        roster = _roster(given, people, seed + run)
        if roster is None:
            rng = np.random.default_rng([seed + run])
            roster = draw_roster(people, horizon_s, rng, project.start_s)
        there = np.flatnonzero(np.isfinite(roster.ready_s))
        begin_s, _ = next_work(roster, there, roster.ready_s[there])
        begun_s = float(begin_s.min(initial=math.inf)) - project.start_s
        first_s = min(first_s, begun_s)
    if first_s >= goal.deadline_s:
        when = "later than twice that" if first_s == math.inf else told_days(first_s)
        raise ImpossiblePlanError(
            f"`deadline` ({told_days(goal.deadline_s)}) must be after the first person "
            f"is through recruitment and onboarding: {when}."
        )


def told_days(seconds: float) -> str:
    """Write a time in days, or hours below two."""
    if seconds == math.inf:
        return "never"
    hours = seconds / 3_600.0
    return f"{hours:.3g} h" if hours < 48 else f"{hours / 24:.3g} days"


def smallest_team(
    policy: Policy,
    situations: Sequence[Situation],
    price: Pricing,
    goal: Goal,
    runs: int,
    seed: int,
) -> Forecast | None:
    """Find the fewest people who meet a deadline surely enough, by halving.

    Returns:
        Their forecast; None where as many as can be had do not.
    """
    there = situations[0].present
    if policy.at_most > goal.most_people + (len(there) if there else 0):
        return None
    least = max(0 if there else 1, policy.at_most - (len(there) if there else 0))
    engine: Engine = "clock" if needs_clock(situations, policy) else "backlog"

    def run(team: int, num: int) -> Forecast:
        return forecast(Plan(team, policy), situations, price, num, seed, engine)

    def meets(team: int) -> bool:
        found = run(team, _probes(runs))
        return found.on_time(goal.deadline_s) >= goal.confidence

    low, high = least - 1, least
    while not meets(high):
        if high == goal.most_people:
            return None
        low, high = high, min(2 * high + 1, goal.most_people)
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    # the halving looked at few runs only
    while (found := run(high, runs)).on_time(goal.deadline_s) < goal.confidence:
        if high == goal.most_people:
            return None
        high = min(goal.most_people, high + max(1, high // 50))
    return found


def _probes(runs: int) -> int:
    return min(runs, _PROBES)


def confirmed(
    found: Forecast,
    situations: Sequence[Situation],
    price: Pricing,
    goal: Goal,
    runs: int,
    seed: int,
) -> Forecast:
    """Run a plan by the clock, with more people where it turns out to be late.

    The array engine knows nothing of the last items' wait for somebody who has not
    seen them.

    Returns:
        The first plan that meets the deadline by the clock, or the largest team.
    """
    team = found.plan.team
    while True:
        plan = replace(found.plan, team=team)
        again = forecast(plan, situations, price, runs, seed, "clock")
        is_met = again.on_time(goal.deadline_s) >= goal.confidence
        if is_met or team == goal.most_people:
            return again
        team = min(goal.most_people, max(team + 1, math.ceil(1.05 * team)))


def is_on_frontier(
    costs: FloatArray, ends: FloatArray, shares: FloatArray
) -> BoolArray:
    """Tell which plans no other beats in cost, date and accuracy at once, `[P]`.

    Args:
        costs: of each plan; less is better.
        ends: of each plan; sooner is better.
        shares: of each plan, labels that are right; more is better.
    """
    values = np.stack([costs, ends, -shares], axis=1)
    at_least = (values[:, None] <= values[None]).all(axis=2)
    better = at_least & (values[:, None] < values[None]).any(axis=2)
    return np.asarray(~better.any(axis=0))


def most_accurate(found: Iterable[Forecast]) -> Forecast:
    """Return the forecast whose labels are right most often."""
    return max(found, key=lambda one: one.mean_accuracy)


def needs_clock(situations: Sequence[Situation], policy: Policy) -> bool:
    """Whether only the clock can run a policy of a project."""
    project = replace(situations[0].project, policy=policy)
    return why_not_backlog(project) is not None
