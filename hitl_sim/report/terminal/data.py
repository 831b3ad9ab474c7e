"""What stands out in a task's items, and which arms a study of it can have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hitl_sim.report.terminal.show import print_table, print_text

if TYPE_CHECKING:
    from rich.console import Console

    from hitl_sim.task.data import TaskInfo
    from hitl_sim.task.survey import Survey

_SUSPECTS = 10
_CLASSES = 12


def print_survey(
    console: Console,
    info: TaskInfo,
    found: Survey,
    offered: Iterable[tuple[str, str]],
    table: str,
) -> None:
    """Print what was found of a task.

    Args:
        console: where to.
        info: of the task.
        found: what stands out.
        offered: kinds of arm, and why the task cannot have each; "" where it can.
        table: of a study's file.
    """
    from hitl_sim.task.survey import NEAR, class_rows  # noqa: PLC0415

    print_text(console, "data.what", info=info, found=found)
    rows = [
        (name, f"{count:,}", f"{share:.1%}")
        for name, count, share in class_rows(info, _CLASSES)
    ]
    left = len(info.class_names) - len(rows)
    if left > 0:
        rows.append((f"and {left:,} more", "", ""))
    heads = ("class", "items", "share")
    if rows:
        print_table(console, heads, rows, right=heads[1:], is_compact=True)
    print_text(console, "data.items", found=found, near=NEAR)
    print_text(console, "data.labels", found=found)
    if found.suspects:
        shown = [
            (str(one.item + 1), one.given, one.likely, f"{one.probability:.2g}")
            for one in found.suspects[:_SUSPECTS]
        ]
        names = ("item, from 1", "label", "likely", "probability of the label")
        print_table(console, names, shown, right=(names[0], names[3]), is_compact=True)
    known = list(offered)
    can = [kind for kind, why in known if not why]
    cannot = _together((kind, why) for kind, why in known if why)
    print_text(console, "data.offered", can=can, cannot=cannot)
    console.print(table, markup=False, highlight=False, soft_wrap=True)


def _together(refused: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Say once what several kinds of arm are refused for, but for their own value."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, why in refused:
        found.setdefault(why.rpartition(", got ")[0] or why, []).append((kind, why))
    return [
        (", ".join(kind for kind, _ in same), same[0][1] if len(same) == 1 else f"{w}.")
        for w, same in found.items()
    ]
