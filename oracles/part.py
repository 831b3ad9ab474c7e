"""Parts: what a user may replace, marked by kind, built-in and foreign alike.

The marker of a kind stands before a factory. The factory's keyword-only arguments are
its *options*, each value of which is a program of its own; `params` are its numbers
that are traced, and so may be swept without compiling again.

Only the standard library is imported here, so that any part may import it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args, runtime_checkable

Kind = Literal[
    "network",
    "optimiser",
    "strategy",
    "intervention",
    "aggregation",
    "annotator",
    "task",
    "metric",
    "method",
    "meter",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of part, in the order in which they are told."""


Problem = Literal["classification", "regression"]
PROBLEMS: tuple[Problem, ...] = get_args(Problem)
"""What a task asks for: the class of an item, or a number."""


class PartError(ValueError):
    """A part that cannot be used as it is asked for; the message names it."""


@dataclass(frozen=True)
class Part:
    """A marked factory.

    Attributes:
        kind: one of `KINDS`.
        name: how a study calls it.
        version: raised by its author whenever what it does changes.
        factory: what was marked; what it takes and returns is its kind's contract.
        params: traced numbers with their defaults.
        problems: what tasks it can be used for may ask for, of `PROBLEMS`.
    """

    kind: Kind
    name: str
    version: int
    factory: Callable[..., Any]
    params: Mapping[str, float] = field(default_factory=dict, hash=False)
    problems: tuple[str, ...] = ("classification",)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the factory."""
        return self.factory(*args, **options)

    @property
    def summary(self) -> str:
        """First line of its docstring; empty where it has none."""
        return (inspect.getdoc(self.factory) or "").partition("\n")[0]

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Its options with their defaults; `inspect.Parameter.empty` where none."""
        arguments = inspect.signature(self.factory).parameters.values()
        return {a.name: a.default for a in arguments if a.kind is a.KEYWORD_ONLY}

    def with_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Complete the options that a user gave by their defaults.

        Raises:
            PartError: an option that it does not have, or lacks.
        """
        known = self.options
        for name in options:
            if name not in known:
                allowed = ", ".join(map(repr, known)) or "none at all"
                raise PartError(
                    f"`options.{name}` is no option of {self.kind} {self.name!r}, "
                    f"which has {allowed}."
                )
        whole = {**known, **options}
        for name, value in whole.items():
            if value is inspect.Parameter.empty:
                raise PartError(
                    f"`options.{name}` must be given for {self.kind} {self.name!r}: "
                    "it has no default."
                )
        return whole

    def with_params(self, params: Mapping[str, float]) -> dict[str, float]:
        """Complete the params that a user gave by their defaults.

        Raises:
            PartError: a param that it does not have.
        """
        for name in params:
            if name not in self.params:
                allowed = ", ".join(map(repr, self.params)) or "none at all"
                raise PartError(
                    f"`params.{name}` is no param of {self.kind} {self.name!r}, which "
                    f"has {allowed}."
                )
        return {**self.params, **params}


@runtime_checkable
class Marker(Protocol):
    """The marker of a kind."""

    def __call__(
        self,
        *,
        version: int = 1,
        params: Mapping[str, float] | None = None,
        name: str | None = None,
        problems: Sequence[Problem] = ("classification",),
    ) -> Callable[[Callable[..., Any]], Part]:
        """Mark a factory.

        Args:
            version: raise it whenever what the part does changes.
            params: names and defaults of the numbers that are traced.
            name: of the part; the factory's own when left out.
            problems: what a task may ask for where the part is used.

        Raises:
            PartError: the version, a param or a problem is none.
        """


def _marker(kind: Kind) -> Marker:
    def mark(
        *,
        version: Any = 1,
        params: Any = None,
        name: str | None = None,
        problems: Sequence[str] = ("classification",),
    ) -> Callable[[Callable[..., Any]], Part]:
        numbers = dict(params or {})
        if not isinstance(version, int) or version < 1:
            raise PartError(f"`version` must be a whole number >= 1, got {version!r}.")
        for param, default in numbers.items():
            if isinstance(default, bool) or not isinstance(default, int | float):
                raise PartError(
                    f"`params.{param}` must be a number, its default, got {default!r}."
                )

        for problem in problems:
            if problem not in PROBLEMS:
                allowed = ", ".join(map(repr, PROBLEMS))
                raise PartError(f"`problems` must be among {allowed}, got {problem!r}.")

        def marked(factory: Callable[..., Any]) -> Part:
            called = name or str(getattr(factory, "__name__", ""))
            traced = MappingProxyType(numbers)
            return Part(kind, called, version, factory, traced, tuple(problems))

        return marked

    mark.__doc__ = f"Mark a factory as a part of kind {kind!r}; see `Marker`."
    return mark


network = _marker("network")
optimiser = _marker("optimiser")
strategy = _marker("strategy")
intervention = _marker("intervention")
aggregation = _marker("aggregation")
annotator = _marker("annotator")
task = _marker("task")
metric = _marker("metric")
method = _marker("method")
meter = _marker("meter")
