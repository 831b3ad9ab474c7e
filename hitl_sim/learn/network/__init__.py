"""Networks as pairs of pure functions; the only room that knows flax."""

from hitl_sim.learn.network.base import (
    Hooks as Hooks,
    Inputs as Inputs,
    Network as Network,
)
from hitl_sim.learn.network.build import (
    NetworkChoice as NetworkChoice,
    NetworkConfig as NetworkConfig,
    PartNetwork as PartNetwork,
    build_network as build_network,
    layers_of as layers_of,
)
from hitl_sim.learn.network.dense import Product as Product
