"""Networks that multiply 8-bit whole numbers, in use and maybe in training."""

from typing import Any, NamedTuple

from hitl_sim.learn.arithmetic import (
    ArithmeticConfig,
    build_product,
    quantise_kernel,
    runs_in_int8,
)
from hitl_sim.learn.arithmetic.int8 import apply_int8
from hitl_sim.learn.lever.config import QuantiseConfig
from hitl_sim.learn.lever.layout import Layout
from hitl_sim.learn.network import Network, NetworkConfig, Product, build_network


class _Deployed(NamedTuple):
    """A network as it is used: its params, and its kernels as 8-bit numbers.

    Attributes:
        params: of which the kernels are not read.
        kernels: in the order of a pass.
    """

    params: Any
    kernels: tuple[Any, ...]


def arithmetic_of(quantise: QuantiseConfig) -> ArithmeticConfig:
    """Return the arithmetic of the forward pass.

    Exact products are computed in int8 where this backend can, and else with the same
    whole numbers in float32.
    """
    if quantise.form == "approximate":
        return ArithmeticConfig("approximate", quantise.multiplier)
    return ArithmeticConfig("int8" if runs_in_int8() else "int8_simulated")


def in_place_of(quantise: QuantiseConfig) -> QuantiseConfig:
    """Return what the device at hand computes in place of an approximate multiplier.

    No device has the multiplier. What looking its products up costs is the simulator's;
    the device that is billed multiplies the same numbers exactly.
    """
    if quantise.form != "approximate":
        return quantise
    return QuantiseConfig("aware")


def quantise_network(
    network: Network,
    layout: Layout,
    config: NetworkConfig,
    sizes: tuple[int, int],
    quantise: QuantiseConfig,
) -> Network:
    """Let a network use 8-bit products.

    Products with weights are quantised: each row of inputs and each column of weights
    has a scale of its own. Word vectors, attention, normalisation and biases stay.

    Args:
        network: with hooks of other levers.
        layout: of its weights.
        config: its shapes.
        sizes: input width D and output width K.
        quantise: how.
    """
    arithmetic = arithmetic_of(quantise)
    multiply = build_product(arithmetic).apply
    hooks = network.hooks
    if hooks is None:
        raise TypeError("`network` must have hooks.")
    deploy = hooks.deploy

    def rounding(params: Any) -> tuple[Any, Product]:
        return params, lambda x, kernel, bias: multiply(x, kernel) + bias[None]

    def kept(deployed: _Deployed) -> tuple[Any, Product]:
        coming = iter(deployed.kernels)
        return (
            deployed.params,
            lambda x, kernel, bias: apply_int8(x, next(coming)) + bias[None],
        )

    def round_weights(trained: Any, held: Any) -> _Deployed:
        params = deploy(trained, held)
        leaves = layout.flatten(params)
        kernels = tuple(quantise_kernel(leaves[i]) for i in layout.passed)
        return _Deployed(params, kernels)

    rounded = build_network(config, *sizes, rounding)
    if quantise.form != "post_training":
        network = network._replace(apply=rounded.apply, prepare=rounded.prepare)
    if arithmetic.form == "int8":
        in_use = build_network(config, *sizes, kept)
        hooks = hooks._replace(deploy=round_weights, answer=in_use.apply)
    else:
        hooks = hooks._replace(answer=rounded.apply)
    return network._replace(hooks=hooks)
