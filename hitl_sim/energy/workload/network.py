"""Operations of networks that are described, in closed form, part by part.

A multiply-add is two operations, as in `flop`. Only products of matrices and
convolutions count here: norms, activations and softmax are a few operations per number
that a product of hundreds makes. A training step is three forward passes: what is
learned from takes as many operations again for the inputs' gradient, and again for the
weights' (Kaplan et al. 2020, "Scaling laws for neural language models",
arXiv:2001.08361, section 2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hitl_sim.energy.work import WorkUnit

TRAINING_PASSES = 3.0
"""Forward passes that a training pass is worth: one forward, two backward."""

BLOCKS, ATTENTION, OUTPUT = "weights of the blocks", "attention", "output layer"
STEM = "first convolution"


@dataclass(frozen=True)
class Counted:
    """What one item takes of a network.

    Attributes:
        name: of the network.
        forward: operations of a forward pass, by part.
        training: operations of a forward and a backward pass, by part.
        parameters: weights that a product uses, the output layer's left out; N of the
            6ND rule.
        output_parameters: weights of the output layer.
        tokens: that make an item; 1 where an item is no sequence.
        units: a training step and a scoring pass with their traffic and kernels, as the
            roofline needs them; None where only operations were counted.
        unit_items: items that such a step and pass handle.
        notes: what was counted approximately.
    """

    name: str
    forward: Mapping[str, float]
    training: Mapping[str, float]
    parameters: float
    output_parameters: float = 0.0
    tokens: int = 1
    units: tuple[WorkUnit, WorkUnit] | None = None
    unit_items: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def forward_flop(self) -> float:
        """Return the operations of one forward pass of one item."""
        return sum(self.forward.values())

    @property
    def training_flop(self) -> float:
        """Return the operations of one training pass of one item."""
        return sum(self.training.values())

    @property
    def over_6nd(self) -> float:
        """Return training operations, the output layer's left out, over the 6ND rule.

        For a network that is no sequence model D counts items.
        """
        rule = 2.0 * TRAINING_PASSES * self.parameters * self.tokens
        return (self.training_flop - self.training.get(OUTPUT, 0.0)) / rule


def _trained(forward: Mapping[str, float]) -> dict[str, float]:
    return {part: TRAINING_PASSES * flop for part, flop in forward.items()}


def dense(parameters: float, name: str = "network", tokens: int = 1) -> Counted:
    """Count a network of which only its number of parameters is known.

    Args:
        parameters: N; every one of them is used once per token; > 0.
        name: of the network.
        tokens: that make an item.

    References:
        Kaplan et al. (2020), arXiv:2001.08361: 6 N operations per token of training.
    """
    forward = {BLOCKS: 2.0 * parameters * tokens}
    return Counted(name, forward, _trained(forward), parameters, tokens=tokens)


@dataclass(frozen=True)
class Transformer:
    """A transformer by its shape; every block has attention and a feed-forward part.

    Attributes:
        layers: L, blocks.
        width: d, of the residual stream.
        heads: of attention; they divide the width.
        vocabulary: tokens that the output layer tells apart; 0 leaves that layer out,
            as in a classifier.
        sequence: s, tokens of an item.
        feedforward: width of the feed-forward part; 4 d where left out.
        is_gated: whether that part has a third matrix (SwiGLU; Shazeer 2020,
            arXiv:2002.05202).
        key_value_heads: heads of keys and values; `heads` where left out (grouped
            queries; Ainslie et al. 2023, arXiv:2305.13245).
        output_frac: share of tokens that the output layer is asked about; 1 but for
            masked language models, 0.15 in BERT (Devlin et al. 2019).

    Raises:
        ValueError: the heads do not divide the width, or their groups the heads.
    """

    layers: int
    width: int
    heads: int
    sequence: int
    vocabulary: int = 0
    feedforward: int | None = None
    is_gated: bool = False
    key_value_heads: int | None = None
    output_frac: float = 1.0

    def __post_init__(self) -> None:
        """Refuse heads that do not divide what they share."""
        if self.width % self.heads:
            raise ValueError(
                f"`heads` must divide the width of {self.width}, got {self.heads}."
            )
        if self.heads % self.key_value:
            raise ValueError(
                f"`key_value_heads` must divide the {self.heads} heads, got"
                f" {self.key_value}."
            )

    @property
    def key_value(self) -> int:
        """Return the heads of keys and values."""
        return self.heads if self.key_value_heads is None else self.key_value_heads

    @property
    def inner(self) -> int:
        """Return the width of the feed-forward part."""
        return 4 * self.width if self.feedforward is None else self.feedforward

    @property
    def block_parameters(self) -> int:
        """Return the weights of the matrices of all blocks: N without embeddings."""
        keys = 2 * self.width * (self.width // self.heads) * self.key_value
        attention = 2 * self.width**2 + keys
        feedforward = (3 if self.is_gated else 2) * self.width * self.inner
        return self.layers * (attention + feedforward)

    def counted(self, name: str = "transformer") -> Counted:
        """Count one sequence.

        Attention adds two products of s x s x d per block, for scores and for what they
        mix: 4 L s d operations per token, whatever is masked, as kernels that skip
        masked halves are the exception.
        """
        s, d, weights = self.sequence, self.width, self.block_parameters
        output = d * self.vocabulary
        forward = {
            BLOCKS: 2.0 * weights * s,
            ATTENTION: 4.0 * self.layers * s * d * s,
            OUTPUT: 2.0 * output * s * self.output_frac,
        }
        forward = {part: flop for part, flop in forward.items() if flop}
        return Counted(name, forward, _trained(forward), weights, output, s)


@dataclass(frozen=True)
class Residual:
    """A residual network of bottleneck blocks (He et al. 2016, arXiv:1512.03385).

    Each block has convolutions of 1x1, 3x3 and 1x1; the first of a stage halves height
    and width in its 3x3 convolution ("v1.5", as torchvision and NVIDIA train it) but
    for the first stage, and has a 1x1 convolution on its shortcut.

    Attributes:
        blocks: per stage.
        image: height and width, pixels.
        classes: of the output layer.
        width: channels of the first stage's 3x3 convolutions, doubled by each stage.
    """

    blocks: tuple[int, ...]
    image: int
    classes: int
    width: int = 64

    def counted(self, name: str = "resnet") -> Counted:
        """Count one image, with what convolutions do on padding, as kernels do it.

        No gradient of the image is needed, so the first convolution takes two passes in
        training, not three.
        """
        side = -(-self.image // 2)
        stem = 7 * 7 * 3 * self.width
        forward = {STEM: 2.0 * side**2 * stem, BLOCKS: 0.0}
        side, weights, channels = -(-side // 2), stem, self.width
        for stage, depth in enumerate(self.blocks):
            inner = self.width * 2**stage
            wide = 4 * inner
            for block in range(depth):
                out = -(-side // 2) if stage and not block else side
                before, middle, after = channels * inner, 9 * inner**2, inner * wide
                flop = side**2 * before + out**2 * (middle + after)
                weights += before + middle + after
                if not block:
                    flop += out**2 * channels * wide
                    weights += channels * wide
                forward[BLOCKS] += 2.0 * flop
                side, channels = out, wide
        forward[OUTPUT] = 2.0 * channels * self.classes
        training = _trained(forward)
        training[STEM] = (TRAINING_PASSES - 1.0) * forward[STEM]
        return Counted(name, forward, training, weights, channels * self.classes)
