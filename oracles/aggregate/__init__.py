"""Aggregation: many answers to one item become one label or score."""

from oracles.aggregate.borda import borda as borda
from oracles.aggregate.bradley_terry import bradley_terry as bradley_terry
from oracles.aggregate.dawid_skene import dawid_skene as dawid_skene
from oracles.aggregate.glad import glad as glad
from oracles.aggregate.majority import majority as majority
from oracles.aggregate.majority import weighted_majority as weighted_majority
from oracles.aggregate.one_coin import one_coin as one_coin
