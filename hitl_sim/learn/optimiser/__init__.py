"""Optimisers: each a chain of gradient transformations, or a descent of its own."""

from hitl_sim.learn.optimiser.base import Descent as Descent
from hitl_sim.learn.optimiser.base import OptimiserConfig as OptimiserConfig
from hitl_sim.learn.optimiser.base import Params as Params
from hitl_sim.learn.optimiser.base import abstract_params as abstract_params
