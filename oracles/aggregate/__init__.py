"""Aggregation: many answers to one item become one label or score."""

from oracles.aggregate.borda import borda as borda
from oracles.aggregate.dawid_skene import dawid_skene as dawid_skene
from oracles.aggregate.majority import majority as majority
