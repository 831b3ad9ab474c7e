"""Aggregation: many answers to one item become one label or score.

Each file that holds a part of its own name is an aggregation that a study may call by
that name; see `oracles.aggregate.votes` for what it is given and gives back.
"""
