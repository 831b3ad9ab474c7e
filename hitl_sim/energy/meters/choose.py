"""Which meters read this machine: all that ask for nothing.

A meter is a part of kind `meter`: a factory of options, all keyword-only, that returns
a `Backend`. A new one is one file of this package that holds a part of its own name.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from hitl_sim.energy.meters.backend import Backend, Capability
from hitl_sim.energy.quantity import Kind, Scope
from hitl_sim.part import Part, builtin


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
        found += [
            _unasked(part) for part in builtin("meter").values() if needed_options(part)
        ]
    return found


def needed_options(part: Part) -> list[str]:
    """Return the options that have no default."""
    options = part.options.items()
    return [name for name, default in options if default is inspect.Parameter.empty]


def _unasked(part: Part) -> Capability:
    call = " ".join([part.name, *(f"{name}=..." for name in needed_options(part))])
    return Capability(
        part.name,
        False,
        "",
        Scope.SEVERAL,
        Kind.UNAVAILABLE,
        reason=f"not asked for: --meter '{call}'. {part.summary}",
    )
