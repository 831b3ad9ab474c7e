"""A study's plan as a page of Markdown, to be registered before its runs.

The headings are those of the ADEMP scheme: aims, data-generating mechanisms, estimands,
methods, performance measures (Morris, White and Crowther 2019, Using simulation studies
to evaluate statistical methods, Statistics in Medicine 38(11), 2074-2102).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, NUM_RESAMPLES
from hitl_sim.report.sentence import say

if TYPE_CHECKING:
    from hitl_sim.study.registration import Registration


def registration_page(found: Registration) -> str:
    """Return the plan of a study as Markdown, in plain sentences."""
    study = found.study
    return say(
        "register.page",
        study=study,
        found=found,
        network=settings_text(found.network),
        training=settings_text(found.training),
        crowd=settings_text(study["crowd"]),
        workforce=settings_text(study["workforce"]),
        arms=[
            (
                arm,
                arm.get("role", "arm"),
                settings_text(arm, "name", "kind", "role"),
                found.conditions.get(arm["name"], 0),
            )
            for arm in study["arm"]
        ],
        axes=[
            (axis["field"], _axis_text(axis), axis["arms"] or ())
            for axis in study["axis"]
        ],
        tune=[
            f"`{axis['field']}`{_where({k: axis[k] for k in axis if k != 'field'})}"
            for axis in (study["tune"] or {"space": ()})["space"]
        ],
        exclusions=[settings_text(table) for table in study["exclude"]],
        primary=[
            f"`{arm}` on `{task}`{_where(settings)}"
            for arm, task, settings in found.primary
        ],
        stopping=_stopping(study["replicates"], found.batch),
        least=MIN_REPLICATES,
        resamples=NUM_RESAMPLES,
    ).strip()


def _stopping(replicates: int | Mapping[str, Any], batch: int) -> str:
    if isinstance(replicates, Mapping):
        return say("register.stopping_by_width", rule=replicates, batch=batch)
    return say("register.stopping_fixed", replicates=replicates)


def _axis_text(axis: Mapping[str, Any]) -> str:
    if axis["values"] and not axis["drawn"]:
        return _value_text(axis["values"])
    return settings_text(axis, "field", "arms")


def _where(settings: Mapping[str, Any]) -> str:
    text = settings_text(settings)
    return f" ({text})" if text else ""


def settings_text(table: Mapping[str, Any], *without: str) -> str:
    """Write what a table sets, as `name` value, without what is unset or off."""
    return ", ".join(
        f"`{name}` {_value_text(value)}"
        for name, value in table.items()
        if name not in without and not _is_unset(value)
    )


def _is_unset(value: Any) -> bool:
    is_empty = isinstance(value, str | list | tuple | Mapping) and not value
    return value is None or value is False or is_empty


def _value_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({settings_text(value)})"
    if isinstance(value, list | tuple):
        return " / ".join(map(_value_text, value))
    if value is True:
        return "yes"
    return f"{value:g}" if isinstance(value, float) else str(value)
