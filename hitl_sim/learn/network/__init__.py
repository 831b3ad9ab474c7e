"""Networks as pairs of pure functions; the only room that knows flax."""

from hitl_sim.learn.network.affine import Product as Product
from hitl_sim.learn.network.build import Hooks as Hooks
from hitl_sim.learn.network.build import Network as Network
from hitl_sim.learn.network.build import build_network as build_network
from hitl_sim.learn.network.config import ConvolutionConfig as ConvolutionConfig
from hitl_sim.learn.network.config import EncoderConfig as EncoderConfig
from hitl_sim.learn.network.config import NetworkConfig as NetworkConfig
from hitl_sim.learn.network.config import TextConvolutionConfig as TextConvolutionConfig
from hitl_sim.learn.network.config import TransformerConfig as TransformerConfig
