"""The command line's own words: options as they were typed, files that are new."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

_ALSO = {
    "cap_frac": ("power_cap",),
    "columns": ("column",),
    "device": ("base", "server"),
    "limit_s": ("limit",),
    "max_relative_error": ("error",),
    "num_options": ("options",),
    "population": ("name",),
    "rename": ("answer",),
    "seconds_per_unit": ("time_unit_s",),
}
"""Options behind parameters of Python that have another name."""

_running: ContextVar[Any] = ContextVar("running", default=None)


class Command(TyperCommand):
    """A command that can be asked what was typed for it while it runs."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        token = _running.set(ctx)
        try:
            return super().invoke(ctx)
        finally:
            _running.reset(token)


class App(typer.Typer):
    """An app of such commands."""

    def command(self, *args: Any, **settings: Any) -> Callable[[Any], Any]:
        """Register a command, as `typer.Typer.command` does."""
        return super().command(*args, **{"cls": Command, **settings})


def as_typed(message: str) -> str:
    """Name an option in a message as the user typed it.

    Args:
        message: of an error, with parameters as `name`.

    Returns:
        The message with `--option` in the place of each parameter that the running
        command was given: `seconds_per_unit` becomes `--time-unit-s`. What was not
        typed is a field of a file and stays.
    """
    context = _running.get()
    for name, option in () if context is None else _typed(context, message):
        message = message.replace(f"`{name}`", f"`{option}`")
    return message


def _typed(context: Any, message: str) -> Iterator[tuple[str, str]]:
    """Yield the names in a message that options of a command stand behind."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is None or source.name != "COMMANDLINE":
            continue
        is_option = parameter.param_type_name == "option"
        shown = parameter.opts[0] if is_option else str(parameter.name).upper()
        yield str(parameter.name), shown
        value = context.params.get(parameter.name or "")
        for name, others in _ALSO.items():
            # two options may stand behind one name: the one whose value is told
            if parameter.name in others and (len(others) == 1 or str(value) in message):
                yield name, shown


def check_new(path: Path, is_forced: bool, option: str = "--out") -> None:
    """Refuse to write over a file, before any work is done.

    Args:
        path: file to write.
        is_forced: whether the user wants it written over.
        option: that named it.

    Raises:
        ValueError: there is such a file.
    """
    if path.exists() and not is_forced:
        raise ValueError(
            f"`{option}` must be a new file, got {str(path)!r}. --force writes over it."
        )
