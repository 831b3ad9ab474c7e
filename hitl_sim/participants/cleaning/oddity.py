"""Texts that are survived on import, and told: a note names the first row."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.participants.answers import LABEL, encode
from hitl_sim.participants.cleaning.column import Place, flags_of
from hitl_sim.table.alike import find_alike
from hitl_sim.table.spelling import is_number

_FORMULA = "^[=+@\\-\\t\\r].*[A-Za-z(]"
_MARKUP = "<[^>]*>"
_MOST_NOTES = 3

Columns = dict[str, pa.ChunkedArray]
Names = dict[str, str]


def odd_texts(columns: Columns, names: Names, place: Place) -> list[str]:
    """Note texts that a spreadsheet or a browser would run; reports escape them."""
    notes = []
    for field in ("annotator", "item", "answer"):
        for what, pattern in (("HTML", _MARKUP), ("a formula", _FORMULA)):
            odd = pc.fill_null(pc.match_substring_regex(columns[field], pattern), False)
            flags = flags_of(odd)
            if flags.any():
                notes.append(
                    f"column {names[field]!r} holds {what} in {int(flags.sum())} rows, "
                    f"the first {place.where(int(flags.argmax()))}; reports escape it."
                )
    is_label = pc.equal(columns["kind"], LABEL)
    labels = pc.if_else(is_label, columns["answer"], pa.scalar(None, pa.string()))
    return [*notes, *_mixed(labels, names["answer"], place)]


def _mixed(answer: pa.ChunkedArray, name: str, place: Place) -> list[str]:
    codes, texts = encode(answer)
    numbers = np.array([is_number(text) for text in texts], bool)
    if not texts or numbers.all() or not numbers.any():
        return []
    minority = numbers if numbers.mean() < 0.5 else ~numbers
    rows = (codes >= 0) & minority[codes]
    row = int(rows.argmax())
    return [
        f"column {name!r} mixes numbers and words; {int(rows.sum())} rows are "
        f"{'numbers' if minority is numbers else 'words'}, the first "
        f"{place.where(row)} ({texts[codes[row]]!r}). All are taken for names of "
        "options."
    ]


def cut_blanks(found: Columns, names: Names, place: Place) -> list[str]:
    """Note where blanks around texts were all that told two of them apart."""
    notes = []
    for field in ("annotator", "item", "answer", "gold"):
        column = found.get(field)
        if column is None or column.type != pa.string():
            continue
        cut = pc.utf8_trim_whitespace(column)
        if pc.count_distinct(cut).as_py() < pc.count_distinct(column).as_py():
            differs = pc.fill_null(pc.not_equal(cut, column), False)
            flags = flags_of(differs)
            if not pc.all(pc.equal(cut.filter(differs), "")).as_py():
                notes.append(
                    f"column {names[field]!r} has blanks around {int(flags.sum())} "
                    f"texts, the first {place.where(int(flags.argmax()))}; without "
                    "them, as they are read, some are the same as others."
                )
    return notes


def look_alikes(columns: Columns, names: Names, place: Place) -> list[str]:
    """Note texts that may be meant as one; people are told by their rows only."""
    notes = []
    is_label = pc.equal(columns["kind"], LABEL)
    nothing = pa.scalar(None, pa.string())
    options = {f: pc.if_else(is_label, columns[f], nothing) for f in ("answer", "gold")}
    both = pa.chunked_array([*options["answer"].chunks, *options["gold"].chunks])
    rows = len(columns["answer"])
    for field, column in (
        ("annotator", columns["annotator"]),
        ("item", columns["item"]),
        ("answer", both),
    ):
        codes, texts = encode(column)
        first = np.full(len(texts), -1)
        known = np.nonzero(codes >= 0)[0][::-1]
        first[codes[known]] = known
        number = {text: place_ for place_, text in enumerate(texts)}
        groups = find_alike(texts, field == "answer")
        for what, group in groups[:_MOST_NOTES]:
            where = [place.where(int(first[number[t]]) % rows) for t in group]
            shown = ", ".join(map(repr, group))
            if field == "annotator":
                shown = f"{len(group)} names"
            gold = " or the gold" if field == "answer" else ""
            remedy = "; --answer OLD=NEW makes them one" if gold else ""
            notes.append(
                f"column {names[field]!r}{gold} has texts that differ only in {what}: "
                f"{shown} (first {', '.join(where)}). They are kept apart{remedy}."
            )
        if len(groups) > _MOST_NOTES:
            notes.append(
                f"column {names[field]!r} has {len(groups) - _MOST_NOTES} more groups "
                "of texts that differ as little."
            )
    return notes
