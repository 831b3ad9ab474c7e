"""The team's days: who works, rests and waits while the device waits for them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hitl_sim.analysis.condition.finding import Finding, StudyResult
from hitl_sim.analysis.decision.decide import Leader
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    legend_below,
    name_rows,
    new_figure,
)
from hitl_sim.report.number import duration
from hitl_sim.unit import S_PER_H, S_PER_MIN
from hitl_sim.workforce import Round, Team, Timeline, simulate_rounds, team_of

_LOOKS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "work": ("answering", {"facecolor": COLOURS[0], "hatch": None}),
    "break": ("on a break", {"facecolor": COLOURS[4], "hatch": ".."}),
    "wait": ("waiting for the round", {"facecolor": "#dddddd", "hatch": None}),
}
_MOST_PEOPLE = 12
_ROW_IN = 0.3


def draw_timeline(leader: Leader | None, result: StudyResult) -> Figure | None:
    """Draw one team at the condition's mean pace.

    Returns:
        One row per person and one for the device; None where nobody is asked or the
        study does not say when people work.
    """
    table = result.study.get("workforce")
    if leader is None or table is None or float(leader.finding.usage.asked) <= 0.0:
        return None
    finding = leader.finding
    swept = {k: v for k, v in finding.settings.items() if "workforce." in k}
    team = team_of(
        {**table, **{k.removeprefix("workforce."): v for k, v in swept.items()}}
    )
    timeline = _simulate(finding, team, result.study.get("arm", ()))
    shown = min(team.num_people, _MOST_PEOPLE)
    figure = new_figure(2.0 + _ROW_IN * (shown + 1))
    axes = figure.subplots()
    end_s = float(timeline.elapsed_s[-1])
    size, unit = (S_PER_H, "h") if end_s > 2.0 * S_PER_H else (S_PER_MIN, "min")
    for activity, (_, look) in _LOOKS.items():
        spans = [s for s in timeline.spans if s.activity == activity]
        spans = [span for span in spans if span.person < shown]
        axes.barh(
            [shown - span.person for span in spans],
            [(span.end_s - span.start_s) / size for span in spans],
            0.7,
            left=[span.start_s / size for span in spans],
            edgecolor="white",
            linewidth=0.4,
            **look,
        )
    axes.barh(0, end_s / size, 0.7, color=GREY)
    for closed in timeline.elapsed_s[:-1]:
        axes.axvline(float(closed) / size, color=BLACK, linewidth=0.6, linestyle=":")
    names = [f"person {shown - row}" for row in range(shown)]
    name_rows(axes, range(shown + 1), ["device waits", *names])
    axes.set_xlabel(f"time on the people's clock ({unit})")
    more = team.num_people - shown
    unseen = f" ({more} more people not drawn)" if more else ""
    axes.set_title(f"{finding.arm}: the team's clock, {duration(end_s)} in all{unseen}")
    handles = [
        Patch(edgecolor="white", label=words, **look) for words, look in _LOOKS.values()
    ]
    legend_below(figure, 3, handles=handles)
    return figure


def _simulate(
    finding: Finding, team: Team, arms: Sequence[Mapping[str, Any]]
) -> Timeline:
    """Deal the questions of an average run out evenly, at the mean time per answer."""
    rounds = next((a.get("rounds", 1) for a in arms if a["name"] == finding.arm), 1)
    runs = finding.num_runs
    share = finding.reach.hits / runs if finding.is_per_success else 1.0
    asked = max(1, round(float(finding.usage.asked) * share / rounds))
    seconds = float(finding.usage.worked_s) / float(finding.usage.asked)
    rows = math.ceil(asked / team.num_people)
    is_asked = np.arange(rows * team.num_people).reshape(rows, -1) < asked
    one = Round(np.full(is_asked.shape, seconds), is_asked, is_asked)
    return simulate_rounds(team, [one] * rounds)
