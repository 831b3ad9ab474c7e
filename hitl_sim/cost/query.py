"""Queries of a trained model, in batches of another size than held-out items came in.

A manifest may hold, beside each unit that looks at held-out items, a unit that answers
one query in a batch of its own; its name begins with `QUERY`. Small batches read the
weights and launch the kernels for few items.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any

QUERY = "query of "
"""How the name of a unit begins that answers one query of the network with which the
unit looks at held-out items whose name follows."""
_BATCH = re.compile(r":n(?P<batch>\d+)")


def query_unit(unit: str, units: Container[str]) -> str:
    """Return the unit that answers a query of the network that a unit looks with.

    The same unit answers where none among all `units` has another batch.
    """
    name = f"{QUERY}{unit}"
    return name if name in units else unit


def query_batch(unit: str, units: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Return how many queries are answered at once; None where nothing tells.

    `unit` looks at held-out items; `units` are as the manifest counted them.
    """
    counted = units[query_unit(unit, units)].get("batch")
    if counted is not None:
        return int(counted)
    found = _BATCH.search(unit)
    return int(found["batch"]) if found else None
