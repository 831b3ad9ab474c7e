"""Where do more people stop helping a labelling project, and what does waiting cost?

    python experiments/workforce.py [FOLDER] [--smoke]

Runs the project of `workforce.toml` with 3 to 3,000 people, of whom half leave within
2 or 30 days, or nobody, and by three rules of how many answers an item gets, and asks
what rules save at equal accuracy where people err alone and together. Writes
`workforce.md` and `workforce.png` into a folder, this one if none is named. `--smoke`
is the quick form.

A rule is compared at equal accuracy: with the fixed number of answers, between two odd
numbers by a straight line, at which a majority of the same people's answers to the same
items is as right. Intervals are jackknifed over twenty lots of items.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from asked import asked
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from scipy.stats import binom, t as student

from hitl_sim.constant import shipped_constants
from hitl_sim.cost.boundary import human_hour_energy
from hitl_sim.labour import rates_of
from hitl_sim.project_file import (
    crowd_numbers,
    group_rates,
    load_project,
    policies_of,
    project_of,
)
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    MARKERS,
    legend_below,
    new_figure,
    styled,
    to_png,
)
from hitl_sim.staffing import told_policy
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce import Behaviour, Duration, Lead, Posterior, Project
from hitl_sim.workforce.behaviour import draw_answers, draw_appeal, draw_skills
from hitl_sim.workforce.duration import with_half_life
from hitl_sim.workforce.policy import Policy, follow_policy
from hitl_sim.workforce.staffing import Forecast, Plan, Situation, forecast
from hitl_sim.workforce.team import DAY_S

FloatArray = npt.NDArray[np.float64]
HERE = Path(__file__).parent
FILE = HERE / "workforce.toml"
TEAMS = (3, 10, 30, 100, 300, 1_000, 3_000)
HALF_LIVES_D = (None, 30.0, 2.0)
SHARED_ERRORS = (0.0, 0.25, 0.5, 0.75)
FIXED = tuple(range(1, 42, 2))
ACCURACY = 0.8
RULES: tuple[Policy, ...] = (
    Lead(2, 41),
    Lead(3, 41),
    Posterior(0.99, ACCURACY, 41),
    Posterior(0.999, ACCURACY, 41),
)
DEVICE = "h100"
SEED = 20_261_201
LOTS = 20
_MORE = 0.05
"""Part of the date that twice the people must save to count as a help."""


@dataclass(frozen=True)
class Size:
    """How much is simulated.

    Attributes:
        runs: of each plan.
        items: of each lot.
        teams: numbers of people.
    """

    runs: int = 20
    items: int = 5_000
    teams: tuple[int, ...] = TEAMS


SMOKE = Size(runs=4, items=400, teams=(3, 300, 3_000))


@functools.cache
def base() -> Project:
    """Return the project of the file."""
    given = load_project(FILE)
    return project_of(given, crowd_numbers(given.crowd))


def rules_of_file() -> tuple[Policy, ...]:
    """Return the three rules of the file."""
    given = load_project(FILE)
    return policies_of(given, crowd_numbers(given.crowd).values["accuracy"])


def run_plan(
    team: int, half_life_d: float | None, policy: Policy, runs: int
) -> Forecast:
    """Run the project with so many people, of whom half leave within some days."""
    given = load_project(FILE)
    project = base()
    stay: Duration | None = None
    if half_life_d is not None:
        stay = with_half_life(half_life_d * DAY_S)
    people = replace(project.people, stay=stay)
    answers = project.items * policy.at_most
    work_s = answers * people.seconds.mean_s / (team * people.hours_per_day / 24)
    horizon_s = 6 * work_s * 7 / people.days_per_week + 20 * DAY_S
    project = replace(project, people=people, horizon_s=horizon_s)
    rates = rates_of(given.prices, project, group_rates(given))
    plan = Plan(team, policy)
    return forecast(plan, [Situation(project)], rates.price, runs, SEED)


def hours(found: Forecast) -> float:
    """Return mean paid hours."""
    return float(np.mean([one.paid_s for one in found.accounts])) / S_PER_H


def onboarding_share(found: Forecast) -> float:
    """Return the share of paid time that is onboarding."""
    part = sum(one.onboarding_s for one in found.accounts)
    return part / sum(one.paid_s for one in found.accounts)


def idle_watts() -> tuple[float, str]:
    """Return the idle power of the device that waits, and where it is from."""
    (one,) = (
        one
        for one in shipped_constants(f"device.{DEVICE}.idle_w")
        if one.name == f"device.{DEVICE}.idle_w"
    )
    assert one.value is not None
    return one.value, one.source


def megajoules(found: Forecast) -> tuple[float, float]:
    """Return MJ of people's desks, and of a device that is held idle until the end."""
    desk = float(np.asarray(human_hour_energy("workstation").value)) * hours(found)
    held = idle_watts()[0] * float(np.mean(found.end_s))
    return desk / 1e6, held / 1e6


def stops_helping(found: Sequence[Forecast]) -> int:
    """Return the least team beyond which twice the people save little of the date."""
    for one, more in itertools.pairwise(found):
        doublings = math.log2(more.plan.team / one.plan.team)
        saved = 1.0 - (more.ends_s[1] / one.ends_s[1]) ** (1.0 / doublings)
        if saved < _MORE:
            return one.plan.team
    return found[-1].plan.team


@dataclass(frozen=True)
class Saved:
    """What a rule saves at equal accuracy.

    Attributes:
        rule: the rule.
        shared_error: of the people.
        answers: mean number an item took.
        right: share of labels that are right.
        claimed: mean probability that they are, were people independent.
        saving: share of the answers of a fixed number that is as right; nan where no
            fixed number is.
        half: half of its 95 % interval.
    """

    rule: Policy
    shared_error: float
    answers: float
    right: float
    claimed: float
    saving: float
    half: float


def crowd(shared_error: float) -> Behaviour:
    """Return people of the study who label two classes."""
    return Behaviour(ACCURACY, 2, shared=math.sqrt(1.0 - shared_error))


@dataclass(frozen=True)
class Lots:
    """What came of lots of items, the same answers by every rule.

    Attributes:
        answers: `[rules, lots]` mean number an item took.
        right: `[rules, lots]` share of labels that are right.
        claimed: `[rules, lots]` mean probability, were people independent.
        fixed: `[fixed, lots]` share that is right by each fixed number.
    """

    answers: FloatArray
    right: FloatArray
    claimed: FloatArray
    fixed: FloatArray


@functools.cache
def label(shared_error: float, items: int) -> Lots:
    """Let people label lots of items, by every rule."""
    behaviour = crowd(shared_error)
    told, fixed = [], []
    for lot in range(LOTS):
        rng = np.random.default_rng([SEED, lot])
        skill = draw_skills(behaviour, rng, items * FIXED[-1])
        skill = skill.reshape(items, FIXED[-1])
        appeal = draw_appeal(behaviour, rng, items)
        answers = draw_answers(behaviour, rng, skill, appeal)
        votes = (answers == 0).cumsum(axis=1)
        fixed.append([(votes[:, k - 1] > k // 2).mean() for k in FIXED])
        found = [follow_policy(rule, answers, 2, ACCURACY) for rule in RULES]
        told.append(
            [
                (one.num_answers.mean(), one.is_right.mean(), one.claimed.mean())
                for one in found
            ]
        )
    used, right, claimed = np.array(told).transpose(2, 1, 0)
    return Lots(used, right, claimed, np.array(fixed).T)


def saving_of(answers: float, right: float, fixed: FloatArray) -> float:
    """Return what is saved of the fixed number that is as right; nan where none is."""
    # a majority of more people is no worse; what falls is chance
    rising = np.maximum.accumulate(fixed)
    if right > rising[-1]:
        return math.nan
    # the least number that is as right, between two odd ones
    place = int(np.searchsorted(rising, right))
    if place == 0:
        return 1.0 - answers / FIXED[0]
    low, high = rising[place - 1], rising[place]
    step = FIXED[place] - FIXED[place - 1]
    equal = FIXED[place - 1] + step * (right - low) / (high - low)
    return float(1.0 - answers / equal)


def closed_form(lead: int) -> tuple[float, float]:
    """Return answers and share right of a lead, of independent people alike."""
    p, q = ACCURACY, 1.0 - ACCURACY
    used = lead / (p - q) * (p**lead - q**lead) / (p**lead + q**lead)
    return used, 1.0 / (1.0 + (q / p) ** lead)


def lead_of(rule: Policy) -> int:
    """Return the lead at which a rule stops: of two classes a posterior is a lead."""
    if isinstance(rule, Lead):
        return rule.lead
    assert isinstance(rule, Posterior)
    odds = rule.confidence / (1.0 - rule.confidence)
    return math.ceil(math.log(odds) / math.log(ACCURACY / (1.0 - ACCURACY)))


def exact_saving(rule: Policy) -> float:
    """Return what the closed form and the binomial say that a rule saves."""
    rights = np.array([binom.sf(k // 2, k, ACCURACY) for k in FIXED])
    return saving_of(*closed_form(lead_of(rule)), rights)


def what_is_saved(number: int, shared_error: float, items: int) -> Saved:
    """Hold a rule against fixed numbers as right as it, by all lots together."""
    lots = label(shared_error, items)

    def saving(kept: npt.NDArray[np.bool_]) -> float:
        return saving_of(
            float(lots.answers[number, kept].mean()),
            float(lots.right[number, kept].mean()),
            lots.fixed[:, kept].mean(axis=1),
        )

    each = np.array([saving(np.arange(LOTS) != lot) for lot in range(LOTS)])
    spread = math.sqrt((LOTS - 1) / LOTS * float(((each - each.mean()) ** 2).sum()))
    return Saved(
        rule=RULES[number],
        shared_error=shared_error,
        answers=float(lots.answers[number].mean()),
        right=float(lots.right[number].mean()),
        claimed=float(lots.claimed[number].mean()),
        saving=saving(np.ones(LOTS, bool)),
        half=float(student.ppf(0.975, LOTS - 1)) * spread,
    )


@dataclass(frozen=True)
class Found:
    """All that was simulated.

    Attributes:
        turnover: by half-life (None: nobody leaves), a forecast for each team.
        rules: by rule of the file, likewise, at a half-life of 30 days.
        saved: what rules save, for each shared error.
        size: how much was simulated.
    """

    turnover: dict[float | None, list[Forecast]]
    rules: dict[Policy, list[Forecast]]
    saved: list[Saved]
    size: Size


def simulate(size: Size) -> Found:
    """Run everything."""
    first, *others = rules_of_file()
    turnover = {
        half: [run_plan(team, half, first, size.runs) for team in size.teams]
        for half in HALF_LIVES_D
    }
    rules: dict[Policy, list[Forecast]] = {first: turnover[30.0]}
    for rule in others:
        teams = [team for team in size.teams if team >= rule.at_most]
        rules[rule] = [run_plan(team, 30.0, rule, size.runs) for team in teams]
    saved = [
        what_is_saved(number, shared, size.items)
        for shared in SHARED_ERRORS
        for number in range(len(RULES))
    ]
    return Found(turnover, rules, saved, size)


def told_half_life(half_life_d: float | None) -> str:
    """Write how people leave."""
    if half_life_d is None:
        return "nobody leaves"
    return f"half leave within {half_life_d:g} days"


def told_saving(one: Saved) -> str:
    """Write a saving with its sign and interval."""
    if math.isnan(one.saving):
        return "no fixed number is as right"
    return f"{one.saving:+.1%} ± {one.half:.1%}"


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    """Write a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _plan_row(first: str, one: Forecast) -> tuple[str, ...]:
    desk, held = megajoules(one)
    return (
        first,
        f"{one.plan.team:,}",
        " ".join(f"{end / DAY_S:.3g}" for end in one.ends_s),
        f"{hours(one):,.0f}",
        f"{onboarding_share(one):.0%}",
        f"{float(one.people.mean()):,.0f}",
        f"{one.mean_cost_usd:,.0f}",
        f"{desk:,.0f}",
        f"{held:,.1f}",
        f"{one.mean_accuracy:.3f}",
        f"{float(one.claimed.mean()):.3f}",
    )


HEAD = (
    "people",
    "days: 10, 50, 90 % of runs",
    "paid hours",
    "onboarding",
    "people who come",
    "USD",
    "MJ of desks",
    "MJ of an idle device",
    "right",
    "claimed",
)


def sentences(found: Found) -> Iterator[str]:
    """Write what was found."""
    middle = found.turnover[30.0]
    cheapest = min(middle, key=lambda one: one.mean_cost_usd)
    least = min(middle, key=lambda one: sum(megajoules(one)))
    last = middle[-1]
    stop = stops_helping(middle)
    yield (
        f"**Date.** From {middle[0].plan.team} to {stop:,} people the date falls from "
        f"{middle[0].ends_s[1] / DAY_S:.3g} to "
        f"{next(o for o in middle if o.plan.team == stop).ends_s[1] / DAY_S:.3g} days. "
        f"Beyond {stop:,} twice the people save less than {_MORE:.0%} of it, for nobody"
        f" answers before they have come and learned the task. With "
        f"{last.plan.team:,} people {onboarding_share(last):.0%} of paid hours are "
        f"onboarding, and the project costs "
        f"{last.mean_cost_usd / cheapest.mean_cost_usd:.1f} times what it does with "
        f"{cheapest.plan.team:,}, the cheapest of these."
    )
    fast = found.turnover[2.0]
    few, many = fast[0], fast[-1]
    yield (
        f"**Turnover.** Where half leave within two days, {few.plan.team} places take "
        f"{float(few.people.mean()):,.0f} people and "
        f"{hours(few) / hours(found.turnover[None][0]):.2f} times the paid hours of "
        f"people who stay; {many.plan.team:,} places take "
        f"{hours(many) / hours(found.turnover[None][-1]):.2f} times: a short project "
        "sees few leave."
    )
    shares = [one.mean_accuracy for one in middle]
    yield (
        "**Accuracy.** More people do not make labels better: "
        f"{min(shares):.3f} to {max(shares):.3f} are right whatever their number. More "
        "answers do, up to a ceiling where people err together."
    )
    slow = middle[0]
    watts, _ = idle_watts()
    yield (
        f"**Waiting.** A device ({DEVICE}) that is held idle takes {watts:g} W, "
        f"{watts * DAY_S / 1e6:.1f} MJ a day: {megajoules(slow)[1]:,.0f} MJ while "
        f"{slow.plan.team} people work, {megajoules(last)[1]:.1f} MJ while "
        f"{last.plan.team:,} do. Desks take {megajoules(slow)[0]:,.0f} and "
        f"{megajoules(last)[0]:,.0f} MJ. Both together are least with "
        f"{least.plan.team:,} people, {sum(megajoules(least)):,.0f} MJ. In money a day "
        "of waiting is a day of the device's rent, which this project does not tell."
    )
    alone = [one for one in found.saved if one.shared_error == 0]
    most = [one for one in found.saved if one.shared_error == SHARED_ERRORS[-1]]
    over = max(most, key=lambda one: one.claimed - one.right)
    rights = label(SHARED_ERRORS[-1], found.size.items).fixed.mean(axis=1)
    signs = [one for one in most if one.saving + one.half < 0]
    ending = (
        f"{len(signs)} of the {len(most)} rules then surely need more answers than the "
        "fixed number that is as right."
        if signs
        else "The rules still save, but near a ceiling that is to save answers which "
        f"bring next to nothing: from 9 to {FIXED[-1]} of them accuracy rises by "
        f"{rights[-1] - rights[FIXED.index(9)]:.3f}."
    )
    yield (
        "**Answers.** At equal accuracy asking until it is clear takes "
        f"{min(one.saving for one in alone):.0%} to "
        f"{max(one.saving for one in alone):.0%} fewer answers than a fixed number "
        "where people err alone, as the closed form says. With a shared error of "
        f"{SHARED_ERRORS[-1]:g} no number of answers lifts accuracy above "
        f"{rights[-1]:.3f}, and who "
        f"asks {told_policy(over.rule)}, believes in {over.claimed:.3f} of labels of "
        f"which {over.right:.3f} are right. {ending}"
    )


def page(found: Found) -> str:
    """Write the page."""
    size = found.size
    lines = [
        "# Where do more people stop helping, and what does waiting cost?",
        "",
        f"Written by `python experiments/workforce.py` (seed {SEED}, {size.runs} runs "
        "of each plan). The project is [workforce.toml](workforce.toml): "
        f"{base().items:,} items, three answers each, typical people at the shipped "
        "wage, a day from being recruited to the first working day on average and four "
        "hours of onboarding. Nothing was measured: people, dates and joules are "
        "simulated. A desk takes 100 W, assumed; a device's training and what becomes "
        "of its model meanwhile are left out; they have "
        "[a page of their own](staleness.md).",
        "",
        *(f"{text}\n" for text in sentences(found)),
        "![Date, cost, joules and accuracy](workforce.png)",
        "",
        "## How many people, and how soon they leave",
        "",
        *table(
            ("turnover", *HEAD),
            (
                _plan_row(told_half_life(half), one)
                for half, plans in found.turnover.items()
                for one in plans
            ),
        ),
        "## How many answers an item gets (half leave within 30 days)",
        "",
        *table(
            ("rule", *HEAD),
            (
                _plan_row(told_policy(rule), one)
                for rule, plans in found.rules.items()
                for one in plans
            ),
        ),
        "## What rules save at equal accuracy",
        "",
        f"Two classes, people alike of accuracy {ACCURACY:g}, {LOTS} lots of "
        f"{size.items:,} items. The saving is of the answers of the fixed number, "
        f"1 to {FIXED[-1]}, whose majority is as right. For people who err alone a lead"
        " has a closed form, 1/(1 + (q/p)^d) right after d/(p - q) · (p^d - q^d)/(p^d +"
        " q^d) answers: "
        + "; ".join(
            f"a lead of {lead}: {closed_form(lead)[0]:.3f} answers, "
            f"{closed_form(lead)[1]:.4f} right"
            for lead in sorted(map(lead_of, RULES))
        )
        + ". Of two classes a posterior is a lead.",
        "",
        *table(
            (
                "shared error",
                "rule",
                "answers",
                "right",
                "claimed",
                "saving",
                "by the closed form",
            ),
            (
                (
                    f"{one.shared_error:g}",
                    told_policy(one.rule),
                    f"{one.answers:.3f}",
                    f"{one.right:.4f}",
                    f"{one.claimed:.4f}",
                    told_saving(one),
                    "" if one.shared_error else f"{exact_saving(one.rule):+.1%}",
                )
                for one in found.saved
            ),
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _lines(
    axes: Axes, found: Found, read: Callable[[Forecast], float], name: str
) -> None:
    """Draw a number over people, a line for each turnover."""
    for number, (half, plans) in enumerate(found.turnover.items()):
        axes.plot(
            [one.plan.team for one in plans],
            [read(one) for one in plans],
            marker=MARKERS[number],
            color=COLOURS[number],
            markersize=4,
            label=told_half_life(half),
        )
    axes.set(xscale="log", yscale="log", xlabel="people", ylabel=name)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.5g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())


def _draw_accuracy(axes: Axes, found: Found) -> None:
    """Draw what is right and what is claimed over answers, alone and together."""
    for number, shared in enumerate((0.0, 0.5)):
        colour = COLOURS[3 + number]
        rights = label(shared, found.size.items).fixed.mean(axis=1)
        axes.plot(FIXED[:8], rights[:8], color=colour, linestyle="--", linewidth=1.0)
        rules = [one for one in found.saved if one.shared_error == shared]
        name = "err alone" if shared == 0 else f"shared error {shared:g}"
        axes.plot(
            [one.answers for one in rules],
            [one.right for one in rules],
            "<>"[number],
            color=colour,
            label=f"{name}: right",
        )
        axes.plot(
            [one.answers for one in rules],
            [one.claimed for one in rules],
            "<>"[number],
            color=colour,
            markerfacecolor="none",
            label=f"{name}: claimed",
        )
    axes.set(xlabel="answers per item (dashed: fixed number)", ylabel="labels right")
    axes.legend(fontsize=6)


def _draw_savings(axes: Axes, found: Found) -> None:
    """Draw what rules save at equal accuracy over shared error.

    Colours say who people are, in the other panels; rules differ in line and marker.
    """
    for number, rule in enumerate(RULES):
        own = [one for one in found.saved if one.rule == rule]
        axes.errorbar(
            [one.shared_error for one in own],
            [one.saving for one in own],
            yerr=[one.half for one in own],
            marker=MARKERS[3 + number],
            color=BLACK,
            linestyle=("-", "--", "-.", ":")[number],
            markersize=4,
            label=told_policy(rule).split(",")[0],
        )
    axes.axhline(0.0, color=BLACK, linewidth=0.8)
    axes.set(xlabel="shared error", ylabel="share of answers saved")
    axes.legend(fontsize=6)


def draw(found: Found) -> bytes:
    """Draw the picture."""
    with styled("workforce"):
        figure = new_figure(7.6)
        panels = figure.subplots(3, 2)
        _lines(
            panels[0, 0], found, lambda one: one.ends_s[1] / DAY_S, "days until done"
        )
        _lines(panels[0, 1], found, hours, "paid hours")
        _lines(panels[1, 0], found, lambda one: one.mean_cost_usd, "USD")
        _lines(
            panels[1, 1],
            found,
            lambda one: sum(megajoules(one)),
            "MJ: desks, idle device",
        )
        _draw_accuracy(panels[2, 0], found)
        _draw_savings(panels[2, 1], found)
        legend_below(figure, 3, panels[0, 0])
        return to_png(figure, "workforce")


def main() -> None:
    """Simulate, and write the page and its picture."""
    given = asked(__doc__, "folder", HERE, has_smoke=True)
    if given.smoke and given.folder == HERE:
        raise SystemExit("`--smoke` must be given a folder: it would replace the page.")
    if not given.folder.is_dir():
        raise SystemExit(f"`folder` must be there, got {given.folder}.")
    found = simulate(SMOKE if given.smoke else Size())
    text = page(found)
    (given.folder / "workforce.md").write_text(text, encoding="utf-8")
    (given.folder / "workforce.png").write_bytes(draw(found))
    print(text)


if __name__ == "__main__":
    main()
