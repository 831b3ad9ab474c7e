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


def odd_texts(columns: Columns, place: Place) -> list[str]:
    """Note texts that a spreadsheet or a browser would run; reports escape them."""
    notes = []
    for field in ("annotator", "item", "answer"):
        for what, pattern in (("HTML", _MARKUP), ("a formula", _FORMULA)):
            odd = pc.fill_null(pc.match_substring_regex(columns[field], pattern), False)
            flags = flags_of(odd)
            if flags.any():
                notes.append(
                    f"column {place.names[field]!r} holds {what} in "
                    f"{int(flags.sum())} rows, the first "
                    f"{place.where(int(flags.argmax()))}; reports escape it."
                )
    is_label = pc.equal(columns["kind"], LABEL)
    labels = pc.if_else(is_label, columns["answer"], pa.scalar(None, pa.string()))
    return [*notes, *_mixed(labels, place)]


def _mixed(answer: pa.ChunkedArray, place: Place) -> list[str]:
    codes, texts = encode(answer)
    numbers = np.array([is_number(text) for text in texts], bool)
    if not texts or numbers.all() or not numbers.any():
        return []
    minority = numbers if numbers.mean() < 0.5 else ~numbers
    rows = (codes >= 0) & minority[codes]
    row = int(rows.argmax())
    return [
        f"column {place.names['answer']!r} mixes numbers and words; "
        f"{int(rows.sum())} rows are "
        f"{'numbers' if minority is numbers else 'words'}, the first "
        f"{place.where(row)} ({texts[codes[row]]!r}). All are taken for names of "
        "options."
    ]


def cut_blanks(found: Columns, place: Place) -> list[str]:
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
                    f"column {place.names[field]!r} has blanks around "
                    f"{int(flags.sum())} texts, the first "
                    f"{place.where(int(flags.argmax()))}; without them, as they are "
                    "read, some are the same as others."
                )
    return notes


def look_alikes(columns: Columns, place: Place) -> list[str]:
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
        known = np.flatnonzero(codes >= 0)
        first = known[np.unique(codes[known], return_index=True)[1]]
        row_of = dict(zip(texts, first.tolist(), strict=True))
        groups = find_alike(texts, field == "answer")
        for what, group in groups[:_MOST_NOTES]:
            where = [place.where(row_of[t] % rows) for t in group]
            shown = ", ".join(map(repr, group))
            if field == "annotator":
                shown = f"{len(group)} names"
            gold = " or the gold" if field == "answer" else ""
            remedy = "; --answer OLD=NEW makes them one" if gold else ""
            notes.append(
                f"column {place.names[field]!r}{gold} has texts that differ only in "
                f"{what}: {shown} (first {', '.join(where)}). They are kept "
                f"apart{remedy}."
            )
        if len(groups) > _MOST_NOTES:
            notes.append(
                f"column {place.names[field]!r} has {len(groups) - _MOST_NOTES} more "
                "groups of texts that differ as little."
            )
    return notes
