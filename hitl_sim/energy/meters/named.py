"""A meter as a user names it, one of their own too.

Apart from the other meters, since reading results loads them and no part's code.
"""

import shlex
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from hitl_sim.energy.meters.backend import Backend
from hitl_sim.energy.meters.choose import needed_options
from hitl_sim.part import Part, find
from hitl_sim.part_source import Source, load


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
