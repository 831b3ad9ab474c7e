"""Which meters read this machine: all that ask for nothing, or those a user names.

A meter is a part of kind `meter`: a factory of options, all keyword-only, that returns
a `Backend`. A new one is one file of this package that holds a part of its own name.
"""

import inspect
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

import msgspec

from hitl_sim.energy.meters.backend import Backend, Capability
from hitl_sim.energy.quantity import Scope
from hitl_sim.part import Part, builtin, find


def default_backends() -> list[Backend]:
    """Build every built-in meter that needs no option: what is read by default."""
    return [part() for part in builtin("meter").values() if not needed_options(part)]


def probe_meters(backends: Sequence[Backend] | None = None) -> list[Capability]:
    """Say what can be measured on this machine, and why the rest cannot.

    Args:
        backends: sources to ask; default every built-in meter. Those that need options
            are not asked, and listed with what they need.
    """
    asked = default_backends() if backends is None else backends
    found = [capability for backend in asked for capability in backend.probe()]
    if backends is None:
        for part in builtin("meter").values():
            needed = [f"{name}=..." for name in needed_options(part)]
            call = " ".join([part.name, *needed])
            why = f"not asked for: --meter '{call}'. {part.summary}"
            if needed:
                found.append(Capability.absent(part.name, "", Scope.SEVERAL, why))
    return found


def needed_options(part: Part) -> list[str]:
    """Return the options that have no default."""
    options = part.options.items()
    return [name for name, default in options if default is inspect.Parameter.empty]


def named_backend(meter: str, foreign: Mapping[str, Part] | None = None) -> Backend:
    """Build a meter from the words of a user.

    Args:
        meter: its name, or "FILE.py:NAME" or "module:NAME" of one's own, then
            OPTION=VALUE for each option, split as a shell splits.
        foreign: meters that do not ship, by name.

    Raises:
        ValueError: there is no such meter, or an option is missing, not one of its own,
            or out of range.
    """
    # here, since reading results loads the meters and no part's code
    from hitl_sim.part_source import Source, load  # noqa: PLC0415

    name, *words = shlex.split(meter) or [""]
    own = {name: load(Source.of(name)).part} if ":" in name else foreign
    part = find("meter", name, own)
    kinds = {
        n: str if n in needed_options(part) else type(d)
        for n, d in part.options.items()
    }
    kinds |= get_type_hints(part.factory)
    given: dict[str, Any] = {}
    for word in words:
        option, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"`meter` must be NAME OPTION=VALUE ..., got {meter!r}.")
        given[option] = text
    options = part.with_options(given)
    for option, text in given.items():
        try:
            options[option] = msgspec.convert(text, kinds[option], strict=False)
        except msgspec.ValidationError:
            kind = kinds[option].__name__
            raise ValueError(
                f"`{option}` of meter {name!r} must be {kind}, got {text!r}."
            ) from None
    backend: Backend = part(**options)
    return backend
