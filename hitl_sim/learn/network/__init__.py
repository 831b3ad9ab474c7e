"""Networks as pairs of pure functions; the only room that knows flax."""

from hitl_sim.learn.network.base import Hooks as Hooks
from hitl_sim.learn.network.base import Inputs as Inputs
from hitl_sim.learn.network.base import Network as Network
from hitl_sim.learn.network.build import NetworkChoice as NetworkChoice
from hitl_sim.learn.network.build import NetworkConfig as NetworkConfig
from hitl_sim.learn.network.build import PartNetwork as PartNetwork
from hitl_sim.learn.network.build import build_network as build_network
from hitl_sim.learn.network.build import layers_of as layers_of
from hitl_sim.learn.network.dense import Product as Product
