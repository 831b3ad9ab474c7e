"""What a deadline takes: the cheapest plan, its bill, and other plans beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from hitl_sim.labour import unknown_lines
from hitl_sim.report.number import bare_text
from hitl_sim.report.terminal.show import print_table, print_text
from hitl_sim.staffing import describe_policy, told_policy
from hitl_sim.workforce.staffing import told_days
from hitl_sim.workforce.team import DAY_S

if TYPE_CHECKING:
    from hitl_sim.staffing import Staffing
    from hitl_sim.workforce.account import Account
    from hitl_sim.workforce.staffing import Forecast

_HEADINGS = (
    "answers per item",
    "people",
    "USD",
    "days: 10, 50, 90 %",
    "right",
    "claimed",
    "busy",
    "in time",
)
_RIGHT = ("people", "USD", "right", "claimed", "busy", "in time")


def print_staffing(console: Console, found: Staffing) -> None:
    """Print the answer first, then what it costs and what else there is."""
    best = found.best
    low, middle, high = best.ends_s
    print_text(
        console,
        "terminal.staff",
        found=found,
        best=best,
        policy=describe_policy(best.plan.policy),
        ends=[told_days(end) for end in (low, middle, high)],
        sure=best.on_time(found.goal.deadline_s),
        deadline=told_days(found.goal.deadline_s),
        used=float(best.answers_per_item.mean()),
        busy=float(best.utilisation.mean()),
        came=float(best.people.mean()),
        there=_there(found),
        currency=found.rates.currency,
        unknown=unknown_lines(found.bill),
        experts=_mean(best, lambda a: a.adjudicated / max(1, a.items_closed)),
        removed=_mean(best, lambda a: sum(g.removed for g in a.groups)),
        refused=_mean(best, lambda a: sum(g.refused for g in a.groups)),
        runs=len(best.accounts),
    )
    rows = [
        (line.name, bare_text(line.usd))
        for line in found.bill
        if line.usd.value is not None and float(line.usd.value) > 0
    ]
    headings = ("paid for", "95 % interval of runs and prices")
    print_table(console, headings, rows, "What it costs")
    by_arrays = any(one.engine == "backlog" for one in found.plans)
    print_text(console, "terminal.rates", rates=found.rates, by_arrays=by_arrays)
    _print_plans(console, found, found.plans, "The fewest people, by policy")
    if found.late:
        title = f"Late with all {found.goal.most_people:,} people who can be had"
        _print_plans(console, found, found.late, title)
    title = "Nothing beats these in cost, date and accuracy at once"
    _print_plans(console, found, found.frontier, title)
    crowd = [
        (name, f"{value:g}", found.crowd.sources[name])
        for name, value in found.crowd.values.items()
    ]
    title = "How people answer"
    print_table(console, ("number", "value", "source"), crowd, title, fold=("source",))


def _mean(found: Forecast, read: Callable[[Account], float]) -> float:
    return sum(map(read, found.accounts)) / len(found.accounts)


def _there(found: Staffing) -> int:
    """Count who of a project under way is there when the plan begins."""
    given = found.situations[0]
    return 0 if given.present is None else given.present.present(given.project.start_s)


def _print_plans(
    console: Console, found: Staffing, plans: Sequence[Forecast], title: str
) -> None:
    rows = [
        (
            told_policy(one.plan.policy),
            f"{one.plan.team:,}",
            f"{one.mean_cost_usd:,.0f}",
            " ".join(f"{end / DAY_S:.2f}" for end in one.ends_s),
            f"{one.mean_accuracy:.3f}",
            f"{float(one.claimed.mean()):.3f}",
            f"{float(one.utilisation.mean()):.0%}",
            f"{one.on_time(found.goal.deadline_s):.0%}",
        )
        for one in plans
    ]
    print_table(console, _HEADINGS, rows, title, right=_RIGHT, is_compact=True)
