"""What a terminal shows, kept as a page to lay beside a study file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from hitl_sim.output import write_bytes

WIDTH = 100
"""Columns of a page, and the most that are used of a terminal."""


def write_page(
    path: Path, question: str, rerun_command: str, show: Callable[[Console], None]
) -> None:
    """Write what is printed as a page of Markdown.

    Args:
        path: of the page.
        question: its title.
        rerun_command: what to type to get it again.
        show: prints what the page holds.
    """
    text = io.StringIO()
    show(Console(file=text, width=WIDTH))
    lines = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    page = (
        f"# {question}\n\nWritten by `{rerun_command}`. Intervals are 95 %.\n\n"
        f"```text\n{lines}\n```\n"
    )
    write_bytes(path, page.encode())
