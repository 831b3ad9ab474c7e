r"""Marks that spreadsheets, R, pandas and databases write where there is no value.

References:
    pandas, `read_csv`, default of `na_values`; R, `write.csv`; MySQL, `\N`.
"""

EXACT = ("NA", "#NA", "#N/A N/A", "None", "NaT", "\\N")
"""Marks in this spelling alone: the lower-case words "na" and "none" are words."""
ANY_CASE = (
    *("n/a", "#n/a", "<na>", "null", "nan", "-nan"),
    *("1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
)
"""Marks in lower case, which are marks in any."""
_CASES = (str.lower, str.upper, str.capitalize)
SPELLINGS = (
    *("", *EXACT, "NaN", "-NaN"),
    *dict.fromkeys(case(mark) for mark in ANY_CASE for case in _CASES),
)
"""Usual spellings of all marks, for parsers that must be given each, and no text."""


def is_missing(text: str) -> bool:
    """Whether a text says that there is no value: it is blank, or a mark."""
    text = text.strip()
    return not text or text in EXACT or text.lower() in ANY_CASE
