"""From the [network] table and a task to what fixes the learner's network."""

from typing import Any

from hitl_sim.learn import NetworkConfig
from hitl_sim.learn.network import (
    ConvolutionConfig,
    EncoderConfig,
    TextConvolutionConfig,
    TransformerConfig,
)
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.task import TaskInfo


def network_config(network: NetworkSpec, info: TaskInfo) -> NetworkConfig:
    """Give a network the shape or the vocabulary of the task that it reads.

    Raises:
        ValueError: the task has no shape or vocabulary; `check_suits` says so before.
    """
    dials = network.resolved()
    kind, hidden = dials.pop("kind"), dials.pop("hidden", ())
    precision = dials.pop("precision", "float32")
    return NetworkConfig(hidden, _encoder(kind, dials, info), precision)


def _encoder(kind: str, dials: dict[str, Any], info: TaskInfo) -> EncoderConfig | None:
    if kind in ("linear", "mlp"):
        return None
    if kind == "cnn" and info.shape is not None:
        return ConvolutionConfig(info.shape, **dials)
    if kind == "text_cnn" and info.vocabulary is not None:
        return TextConvolutionConfig(info.vocabulary, info.num_features, **dials)
    if kind == "transformer" and info.vocabulary is not None:
        return TransformerConfig(info.vocabulary, info.num_features, **dials)
    raise ValueError(
        f"`network.kind` must suit task {info.name!r}, got {kind!r}: the task has "
        f"shape {info.shape} and vocabulary {info.vocabulary}."
    )
