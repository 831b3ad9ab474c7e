"""A multilayer perceptron."""

from hitl_sim.learn.network.base import Count, Inputs, Network, Precision, Rate
from hitl_sim.learn.network.build import NetworkConfig, build_network
from oracles import part


@part.network(version=1)
def mlp(
    inputs: Inputs,
    *,
    hidden: tuple[Count, ...] = (64,),
    dropout: Rate = 0.0,
    precision: Precision = "float32",
) -> Network:
    """Dense layers with rectifiers between them.

    Args:
        inputs: numbers of any meaning.
        hidden: widths of the hidden layers; none for a linear read-out.
        dropout: in training, share of each hidden layer that is set to zero.
        precision: of the factors of products.
    """
    inputs.require("mlp")
    config = NetworkConfig(tuple(hidden), None, precision, dropout)
    return build_network(config, inputs.num_features, inputs.num_classes)
