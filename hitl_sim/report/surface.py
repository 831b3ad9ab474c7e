"""Response surfaces in sentences and tables: where guidance saves, and what decides."""

import itertools
from collections.abc import Sequence

from hitl_sim.analysis.chance.surface import Form, Line, Surface
from hitl_sim.analysis.condition.surface import StudySurface
from hitl_sim.report.number import RHO, digits, span
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

_MOST_ROWS = 25
"""Rows of a table of break-evens, beyond which only the second axis is listed."""
_T = 1.96
_CHOSEN = "the surface"


def tell_surfaces(found: Sequence[StudySurface]) -> tuple[str, ...]:
    """Say of each surface that stands for its arm where it saves, or why it is none."""
    return tuple(tell_surface(one) for one in found if one.is_reference)


def tell_surface(found: StudySurface) -> str:
    """Say where an arm saves over all that was swept at once."""
    surface, names = found.surface, short_names(found.words)
    if surface is None:
        return say("surface.refused", found=found, names=names)
    below, above, untold = surface.shares()
    line = line_text(surface.along(0, found.middle))
    held = [
        f"{name} {digits(value)}"
        for name, value in zip(names[1:], found.middle[1:], strict=True)
    ]
    return say(
        "surface.found",
        found=found,
        names=names,
        below=below,
        above=above,
        untold=untold,
        line=line,
        held=held,
        narrowed=[
            (name, f"{digits(told[0])} to {digits(told[-1])}")
            for name, told, run in zip(names, found.told, found.values, strict=True)
            if len(told) < len(run)
        ],
    )


def short_names(words: Sequence[str]) -> list[str]:
    """Name axes without what explains them."""
    return [word.partition(":")[0] for word in words]


def line_text(line: Line) -> str:
    """Say from or up to where an arm saves along an axis, with what the band leaves."""
    region = " or ".join(span(*ends) for ends in line.region)
    roots = [digits(root) for root in line.roots]
    course = "from" if len(roots) == 1 and not line.is_below else "up to"
    return say("surface.line", line=line, course=course, roots=roots, region=region)


def break_even_table(found: StudySurface, surface: Surface) -> Table:
    """List break-evens along the first axis, by the values of the others.

    Of more than two axes all combinations are listed while they are few; of many values
    of the second, as where settings were drawn, some that lie evenly among them.
    """
    listed = found.told[1:]
    if len(list(itertools.product(*listed))) > _MOST_ROWS:
        held = tuple((value,) for value in found.middle[2:])
        listed = (_some(found.told[1]), *held)
    rows = []
    for others in itertools.product(*listed):
        line = surface.along(0, (found.middle[0], *others))
        rows.append((*map(digits, others), line_text(line)))
    first, *names = short_names(found.words)
    headings = (*names, f"saves, by {first} [95 % band]")
    return Table(headings, rows, f"break-even: {found.label}, {found.task}")


def _some(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return so many values as a table may list, from the least to the largest."""
    if len(values) <= _MOST_ROWS:
        return values
    step = (len(values) - 1) / (_MOST_ROWS - 1)
    return tuple(values[round(k * step)] for k in range(_MOST_ROWS))


def term_table(found: StudySurface, surface: Surface) -> Table:
    """List the surface's terms, on axes from -1 at the least value to 1 at the most."""
    rows = [
        (
            _term_words(term, surface.form, found.words),
            digits(float(value)),
            span(float(value - _T * error), float(value + _T * error)),
        )
        for term, value, error in zip(
            surface.form.terms, surface.coefficients, surface.errors, strict=True
        )
    ]
    notes = [say("surface.terms", surface=surface)]
    title = f"terms of the surface: {found.label}, {found.task}"
    return Table(("term", f"log {RHO}", "95 %"), rows, title, notes=notes)


def candidate_table(found: StudySurface, surface: Surface) -> Table:
    """List every candidate, and how it predicted cells that were held out."""
    rows = [
        (
            form_words(one.form, found.words),
            f"{len(one.form.terms)}",
            digits(one.error),
            _CHOSEN if one.is_chosen else "",
        )
        for one in surface.candidates
    ]
    headings = ("candidate", "terms", "held-out error, in standard errors", "")
    return Table(headings, rows, f"candidates: {found.label}, {found.task}")


def surface_tables(found: StudySurface) -> list[Table]:
    """Return the tables of one surface; none where it is refused."""
    if found.surface is None:
        return []
    return [
        make(found, found.surface)
        for make in (break_even_table, term_table, candidate_table)
    ]


def form_words(form: Form, words: Sequence[str]) -> str:
    """Name a form: `plane in accuracy and log size, with products`."""
    if form.order == 0:
        return "the same everywhere"
    kind = "quadratic" if form.order > 1 else "plane"
    named = " and ".join(_names(form, words))
    return f"{kind} in {named}{', with products' if form.has_products else ''}"


def _names(form: Form, words: Sequence[str]) -> list[str]:
    """Name the axes as they stand in a form."""
    return [
        f"log {word}" if is_log else word
        for word, is_log in zip(short_names(words), form.is_log, strict=True)
    ]


def _term_words(term: Sequence[int], form: Form, words: Sequence[str]) -> str:
    named = [
        name + ("²" if power == 2 else "")
        for name, power in zip(_names(form, words), term, strict=True)
        if power
    ]
    return " \N{MULTIPLICATION SIGN} ".join(named) or "middle of all axes"
