"""A desk that is served, and who takes part in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from hitl_sim.report.sentence import mark_up
from hitl_sim.report.terminal.show import print_table, print_text
from hitl_sim.unit import S_PER_H

_HEADINGS = ("participant", "agreed", "answers", "skips", "late", "h")
_RIGHT = ("answers", "skips", "late", "h")
_LOG_EVERY_S = 60.0


@contextmanager
def shown_rounds(
    console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[Any], None]]:
    """Follow the rounds of a study: a live line, or a line for each in a log.

    What is yielded is told how far the study is, as `hitl_sim.live` tells it.
    """
    last, since = "", clock()
    with console.status("") as shown:

        def show(state: Any) -> None:
            nonlocal last, since
            text = mark_up("terminal.live_round", state=state)
            if console.is_terminal:
                shown.update(text)
                return
            name = mark_up("terminal.live_round", state=state._replace(answers=0))
            if name != last or clock() - since >= _LOG_EVERY_S:
                console.print(text, soft_wrap=True)
                last, since = name, clock()

        yield show


def print_desk(
    console: Console,
    folder: Path,
    address: str,
    *,
    title: str,
    links: Mapping[str, str],
    open_link: str | None,
    is_plain: bool,
) -> None:
    """Print where a desk is, and the links of who was invited now.

    Args:
        console: to print to.
        folder: of the desk.
        address: under which participants reach it.
        title: of the page.
        links: of new participants, by pseudonym.
        open_link: that admits whoever has it.
        is_plain: whether it is reached from other machines without encryption.
    """
    told = {"links": links, "open_link": open_link, "is_plain": is_plain}
    print_text(
        console,
        "terminal.desk",
        soft_wrap=True,
        folder=str(folder),
        address=address,
        title=title,
        **told,
    )


def print_participants(console: Console, told: Mapping[str, Any]) -> None:
    """Print who takes part, and who withdrew."""
    rows = [
        (
            one["participant"],
            (one["agreed_at"] or "no").replace("T", " ").partition("+")[0],
            f"{one['answers']:,}",
            f"{one['skips']:,}",
            f"{one['late']:,}",
            f"{one['seconds'] / S_PER_H:.2f}",
        )
        for one in told["participants"]
    ]
    print_table(console, _HEADINGS, rows, right=_RIGHT)
    print_text(console, "terminal.desk_people", soft_wrap=True, told=told)


def print_erased(console: Console, folder: Path, erased: Mapping[str, int]) -> None:
    """Print how many answers left a session's folder."""
    print_text(
        console, "terminal.erased", soft_wrap=True, folder=str(folder), erased=erased
    )
