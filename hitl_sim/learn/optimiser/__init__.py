"""Optimisers: each a chain of gradient transformations, or a descent of its own."""

from hitl_sim.learn.optimiser.base import (
    Descent as Descent,
    OptimiserConfig as OptimiserConfig,
    Params as Params,
    abstract_params as abstract_params,
)
