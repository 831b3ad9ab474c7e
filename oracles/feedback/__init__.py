"""Kinds of feedback, one file each; `FEEDBACK` finds them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from oracles.contract import Oracle
from oracles.feedback.importance import IMPORTANCE as IMPORTANCE
from oracles.feedback.label import LABEL as LABEL
from oracles.feedback.relevance import RELEVANCE as RELEVANCE

FEEDBACK: Mapping[str, Oracle] = MappingProxyType(
    {"label": LABEL, "relevance": RELEVANCE, "importance": IMPORTANCE}
)
