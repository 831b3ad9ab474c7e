"""Annotators: who answers the questions of a study's simulated crowd.

An annotator is a part, `factory(**options)`, that returns an `oracles.contract.Oracle`.
One with an option `feedback` is told the kind of the questions that it is asked. Its
params reach it in `Annotators.foreign`.
"""
