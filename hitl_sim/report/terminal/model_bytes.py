"""What a model takes to store and to ask, by number format: a table and a sentence."""

from hitl_sim.energy.memory import (
    FORMATS,
    ModelShape,
    load_technology,
    moved_bytes,
    query_bytes,
    stored_bytes,
)
from hitl_sim.energy.memory.stored import PARTS
from hitl_sim.report.number import size_text
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

BATCHES = (1, 512)
"""Queries answered together: one by itself, and many."""


def bytes_table(shape: ModelShape) -> Table:
    """Lay out what a network and a query of it take in each format, by part."""
    rows = []
    for kept in FORMATS:
        parts = query_bytes(shape, kept, BATCHES)
        whole = moved_bytes(shape, kept, BATCHES)
        stored = size_text(stored_bytes(shape, kept))
        rows += [
            (
                *(("", "") if place else (kept.name, stored)),
                f"{batch}",
                size_text(float(whole[place])),
                *(size_text(float(parts[name][place])) for name in PARTS),
            )
            for place, batch in enumerate(BATCHES)
        ]
    return Table(("format", "stored", "a query in batches of", "moves", *PARTS), rows)


def tell_bytes(shape: ModelShape, technology: str) -> list[str]:
    """Say what int8 leaves of the bytes of a network and of a query.

    A cache of the chip of some technology might hold the weights.
    """
    wide, single, small = FORMATS
    stored = {kept: stored_bytes(shape, kept) for kept in FORMATS}
    moved = {kept: moved_bytes(shape, kept, BATCHES) for kept in FORMATS}
    weights = query_bytes(shape, single, BATCHES)["weights"]
    alone, together = (float(weights[i] / moved[single][i]) for i in (0, -1))
    *caches, _ = load_technology(technology).level
    size = max(level.capacity_b or 0 for level in caches)
    formats = {"wide": wide, "single": single, "small": small}
    others = 1.0 - wide.factor_b * shape.num_weights / stored[wide]
    shares = [
        tuple(float(moved[small][i] / moved[kept][i]) for kept in (wide, single))
        for i in range(len(BATCHES))
    ]
    batch = BATCHES[-1]
    fits = [kept.name for kept, count in stored.items() if count <= size]
    return [
        say("methods.stored", **formats, stored=stored, others=others),
        say("methods.query", shares=shares, batch=batch),
        say("methods.weights", alone=alone, together=together, batch=batch),
        say("methods.cached", size=size, technology=technology, fits=fits),
    ]
