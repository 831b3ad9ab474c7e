"""What a model takes to store and to ask, by number format: a table and a sentence."""

from __future__ import annotations

from rich.table import Table as Grid

from hitl_sim.energy.memory import (
    FORMATS,
    ModelShape,
    load_technology,
    moved_bytes,
    query_bytes,
    stored_bytes,
)
from hitl_sim.energy.memory.stored import PARTS, Format
from hitl_sim.report.number import digits, join_words, size_text
from hitl_sim.report.table import new_grid

BATCHES = (1, 512)
"""Queries answered together: one by itself, and many."""


def bytes_table(shape: ModelShape) -> Grid:
    """Lay out what a model and a query of it take in each format, by part.

    Args:
        shape: of the network.
    """
    numbers = ("stored", "a query in batches of", "moves", *PARTS)
    table = new_grid("format", *numbers, right=numbers, is_compact=True)
    for kept in FORMATS:
        parts = query_bytes(shape, kept, BATCHES)
        whole = moved_bytes(shape, kept, BATCHES)
        for place, batch in enumerate(BATCHES):
            table.add_row(
                "" if place else kept.name,
                "" if place else size_text(stored_bytes(shape, kept)),
                f"{batch}",
                size_text(float(whole[place])),
                *(size_text(float(parts[name][place])) for name in PARTS),
            )
    return table


def tell_bytes(shape: ModelShape, technology: str) -> list[str]:
    """Say what int8 leaves of the bytes of a model and of a query.

    Args:
        shape: of the network.
        technology: chip whose caches might hold the weights.
    """
    wide, single, small = FORMATS
    stored = {kept: stored_bytes(shape, kept) for kept in FORMATS}
    moved = {kept: moved_bytes(shape, kept, BATCHES) for kept in FORMATS}
    one, many = (
        f"{digits(float(moved[small][place] / moved[wide][place]))} of float64's bytes"
        f" and {digits(float(moved[small][place] / moved[single][place]))} of float32's"
        for place in range(len(BATCHES))
    )
    others = 1.0 - wide.factor_b * shape.num_weights / stored[wide]
    text = [
        f"the weights of products take in int8 1/{wide.factor_b} of float64's bytes"
        f" and 1/{single.factor_b} of float32's; with scales, and with the"
        f" {digits(100 * others)} % of all numbers that stay float32, the stored model"
        f" takes {digits(stored[small] / stored[wide])} and"
        f" {digits(stored[small] / stored[single])} of them ({size_text(stored[wide])},"
        f" {size_text(stored[single])}, {size_text(stored[small])})",
        f"a query in int8 moves {one} for one item, and {many} in a batch of"
        f" {BATCHES[-1]}",
    ]
    parts = {kept: query_bytes(shape, kept, BATCHES) for kept in FORMATS}
    share = [float(parts[single]["weights"][i] / moved[single][i]) for i in (0, -1)]
    text.append(
        f"the weights are {digits(100 * share[0])} % of what a float32 query moves for"
        f" one item and {digits(100 * share[1])} % in a batch of {BATCHES[-1]}; what a"
        " batch moves besides is inputs and sums, which int8 rounds, scales and adds up"
        " in 32 bits"
    )
    text.append(_held(stored, technology))
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in text]


def _held(stored: dict[Format, int], technology: str) -> str:
    """Say which formats the largest cache of a chip would hold between queries."""
    *caches, _ = load_technology(technology).level
    size = max(level.capacity_b or 0 for level in caches)
    fits = [kept.name for kept, count in stored.items() if count <= size]
    held = join_words(fits) if fits else "no format"
    return (
        f"a cache of {size_text(size)} ({technology}) would hold the weights in {held}:"
        " then they come from memory once, and a query moves only the rest"
    )
