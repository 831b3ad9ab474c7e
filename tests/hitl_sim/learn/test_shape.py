import pytest

from hitl_sim.learn import NetworkConfig, describe_shape
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig
from hitl_sim.learn.network.transformer import TransformerConfig

WORDS = 6 * 8


@pytest.mark.parametrize(
    ("config", "sizes", "layers", "others"),
    [
        (NetworkConfig(()), (64, 10), [(1, 64, 10)], (10, 0, 0, None)),
        (
            NetworkConfig((32, 16)),
            (64, 10),
            [(1, 64, 32), (1, 32, 16), (1, 16, 10)],
            (58, 0, 0, None),
        ),
        (
            NetworkConfig((16,), ConvolutionConfig((8, 8, 1), (4, 8))),
            (64, 10),
            [(16, 9, 4), (4, 36, 8), (1, 32, 16), (1, 16, 10)],
            (38, 0, 0, 64),
        ),
        (
            NetworkConfig((), TextConvolutionConfig(100, 6, 8, 5, (2, 3))),
            (6, 3),
            [(5, 16, 5), (4, 24, 5), (1, 10, 3)],
            (13, 800, WORDS, 64),
        ),
        (
            NetworkConfig((), TransformerConfig(100, 6, 8, 2)),
            (6, 3),
            [(6, 8, 24), (6, 8, 8), (6, 8, 32), (6, 32, 8), (1, 8, 3)],
            # biases of 75 outputs, three normalisations of 8, vectors of 6 places
            (75 + 3 * 16 + WORDS, 800, WORDS, 64),
        ),
    ],
    ids=["linear", "mlp", "cnn", "text_cnn", "transformer"],
)
def test_sizes_of_a_network_are_those_of_its_layers(config, sizes, layers, others):
    found = describe_shape(config, sizes)
    assert [tuple(layer) for layer in found.layers] == layers
    assert tuple(found[1:]) == others
