import jax
import pytest

from hitl_sim.learn.network import NetworkConfig
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig
from hitl_sim.learn.network.transformer import TransformerConfig

SMALL = {
    "cnn": NetworkConfig((), ConvolutionConfig((6, 5, 2), (3, 4))),
    "text_cnn": NetworkConfig((5,), TextConvolutionConfig(9, 7, 4, 3, (2, 3))),
    "transformer": NetworkConfig((), TransformerConfig(9, 7, 8, 2, 2)),
}


@pytest.fixture(params=SMALL)
def small(request):
    """The config of each network with an encoder."""
    return SMALL[request.param]


@pytest.fixture
def inputs_of():
    """Random inputs: whole numbers below 9, ids to some and pixels to others."""

    def draw(config, num_items, key=0):
        shape = (num_items, config.encoder.num_features)
        ids = jax.random.randint(jax.random.key(key), shape, 1, 9)
        return ids.astype("float32")

    return draw
