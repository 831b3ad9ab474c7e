"""How long one label takes the study's own crowd, where it has to give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hitl_sim.analysis.people import kinds_of
from hitl_sim.analysis.record import RunGroup
from hitl_sim.energy import Kind, Quantity, Scope, exact, unavailable

_UNKNOWN = "no arm of the study asks for labels, and its manifest has no label_seconds"


def label_seconds(groups: Sequence[RunGroup], manifest: Mapping[str, Any]) -> Quantity:
    """Find the paid time of one label, with the redundancy that the study uses.

    Args:
        groups: all conditions. Arms of kind labelling show it: their paid seconds over
            the labels that came out of them.
        manifest: of the study; its table `label_seconds` (`seconds` and `source`)
            speaks where no arm asks for labels.

    Returns:
        Seconds per label, as known as the weakest of these; unavailable where nothing
        tells.
    """
    arms = [g for g in groups if g.kind == "labelling" and g.population is not None]
    answers = sum(float(g.answered[:, -1].sum()) / _redundancy(g) for g in arms)
    if answers > 0:
        paid_s = sum(float(g.paid_s[:, -1].sum()) for g in arms)
        names = ", ".join(sorted({g.arm for g in arms}))
        source = f"paid time per label over all crowds of the arms {names}"
        kind = min(kinds_of(group).paid for group in arms)
        return exact(paid_s / answers, "s", kind, Scope.HUMAN_TIME, source)
    given = manifest.get("label_seconds")
    if given is None:
        return unavailable("s", Scope.HUMAN_TIME, _UNKNOWN)
    seconds, source = float(given["seconds"]), str(given["source"])
    return exact(seconds, "s", Kind.SIMULATED, Scope.HUMAN_TIME, source)


def _redundancy(group: RunGroup) -> int:
    """Return how many answers make one label."""
    people, asks = group.dials.get("people", 1), group.dials.get("asks", 1)
    return int(people) * int(asks)
