"""Kinds of feedback, one file each, which holds its `KIND`.

A new kind is a file here, and its numbers in `oracles/data/populations.toml`.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from oracles.contract import Oracle
from oracles.feedback.importance import IMPORTANCE as IMPORTANCE
from oracles.feedback.label import LABEL as LABEL
from oracles.feedback.relevance import RELEVANCE as RELEVANCE
from oracles.respond import Kind


def _gather() -> Mapping[str, Kind]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return MappingProxyType(
        {name: import_module(f"{__name__}.{name}").KIND for name in names}
    )


KINDS: Mapping[str, Kind] = _gather()
"""Every kind of feedback, by the name of its file."""

FEEDBACK: Mapping[str, Oracle] = MappingProxyType(
    {name: kind.oracle for name, kind in KINDS.items()}
)
"""How the annotators of this package answer each kind."""
