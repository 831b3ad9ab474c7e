"""Kinds of feedback, one file each; `FEEDBACK` finds them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from oracles.contract import Oracle
from oracles.feedback.difficulty import DIFFICULTY as DIFFICULTY
from oracles.feedback.importance import IMPORTANCE as IMPORTANCE
from oracles.feedback.label import LABEL as LABEL
from oracles.feedback.marks import MARKS as MARKS
from oracles.feedback.preference import PREFERENCE as PREFERENCE
from oracles.feedback.relevance import RELEVANCE as RELEVANCE
from oracles.feedback.verification import VERIFICATION as VERIFICATION

FEEDBACK: Mapping[str, Oracle] = MappingProxyType(
    {
        "label": LABEL,
        "verification": VERIFICATION,
        "relevance": RELEVANCE,
        "importance": IMPORTANCE,
        "marks": MARKS,
        "preference": PREFERENCE,
        "difficulty": DIFFICULTY,
    }
)
