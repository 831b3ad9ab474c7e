"""The command line itself: the app, its panels, and how a command ends in an error."""

import functools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from hitl_sim.renamed import RENAMED_COMMANDS

INTERRUPTED = 130
REFUSED = 2
FAILED_RUNS = 3
_LOG_WIDTH = 100

_ALSO = {
    "cap_frac": ("power_cap",),
    "carbon_kgco2e_per_kwh": ("carbon",),
    "columns": ("column",),
    "device": ("base", "server", "gpu"),
    "device_usd_per_h": ("rent",),
    "electricity_usd_per_kwh": ("electricity",),
    "grid_region": ("region",),
    "host_frac": ("host",),
    "limit_s": ("limit",),
    "max_relative_error": ("error",),
    "num_options": ("options",),
    "parameters": ("params",),
    "population": ("name",),
    "rename": ("answer",),
    "seconds_per_unit": ("time_unit_s",),
}
"""Options behind parameters of Python that have another name."""

Folder = Annotated[Path, typer.Argument(help="Results folder of a study.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file that is there.")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes, one core each. Default: all cores."),
]
Device = Annotated[
    str | None,
    typer.Option(help="Device profile, by name or file, in place of the study's."),
]

_running: ContextVar[Any] = ContextVar("running", default=None)


class Command(TyperCommand):
    """A command that says in one line, as it was typed, what a user did wrong."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error that a user can cause ends it with exit code 2."""
        token = _running.set(ctx)
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = _words_of(error)
            if message is None:
                raise
            refuse(as_typed(message))
        finally:
            _running.reset(token)


def _words_of(error: Exception) -> str | None:
    """Return what to say of an error that a user can cause; None of any other."""
    from hitl_sim.output import say_os_error

    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return say_os_error(error)
    return str(error) if isinstance(error, ValueError) else None


class Commands(TyperGroup):
    """All commands; a former name is refused with the one that it has now."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Look a command up by its name."""
        if (new := RENAMED_COMMANDS.get(cmd_name)) is not None:
            refuse(f"`{cmd_name}` must be called `{new}`.")
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="hitl-sim",
    cls=Commands,
    help="Does human guidance cut the energy that training needs, and what do the "
    "people cost? Simulated annotators, real training, and a ledger that knows where "
    "each number came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def family(panel: str) -> Callable[..., Callable[[Any], Any]]:
    """Return the decorator that registers commands under a heading of `--help`."""
    return functools.partial(app.command, cls=Command, rich_help_panel=panel)


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


def refuse(message: str) -> NoReturn:
    """End the command with a message and exit code 2."""
    Console(stderr=True, soft_wrap=True).print(f"[red]error:[/red] {escape(message)}")
    raise typer.Exit(REFUSED)


def warn(message: str) -> None:
    """Say something beside what the command prints."""
    Console(stderr=True, soft_wrap=True).print(escape(message))


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


def screen() -> Console:
    """Return a console as wide as the terminal; in a log, wide enough for a table."""
    console = Console()
    return console if console.is_terminal else Console(width=_LOG_WIDTH)


@contextmanager
def resumable(console: Console, again: str) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into a word on how to go on."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        console.print(f"\nInterrupted. Finished runs are kept; go on with\n  {again}")
        raise typer.Exit(INTERRUPTED) from None
