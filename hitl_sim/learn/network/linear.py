"""A linear read-out of the features."""

from hitl_sim.learn.network.base import Inputs, Network, Precision
from hitl_sim.learn.network.build import NetworkConfig, build_network
from oracles import part


@part.network(version=1)
def linear(inputs: Inputs, *, precision: Precision = "float32") -> Network:
    """One dense layer: multinomial logistic regression.

    Args:
        inputs: numbers of any meaning.
        precision: of the factors of products.
    """
    inputs.require("linear")
    config = NetworkConfig((), None, precision)
    return build_network(config, inputs.num_features, inputs.num_classes)
