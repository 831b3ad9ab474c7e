"""What a window is spent on."""

from __future__ import annotations

PHASES = (
    "compile",
    "embed",
    "pretrain",
    "train",
    "choose",
    "score",
    "evaluate",
    "idle",
    "waiting",
    "command",
)
"""Phases of a window; `waiting` is for people, `command` is a whole other program."""


def check_phase(phase: str) -> None:
    """Refuse a phase that does not exist.

    Raises:
        ValueError: naming the phases that do.
    """
    if phase not in PHASES:
        names = ", ".join(f"'{name}'" for name in PHASES)
        raise ValueError(f"`phase` must be one of {names}, got '{phase}'.")
