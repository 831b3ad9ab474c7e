"""What fixes a network's program: an encoder of the input, and dense layers after it.

Items reach every network as rows of `D` numbers. What these are to an encoder (the
pixels of an image of some shape, the ids of words) is a part of its config, because it
fixes the program; a network without encoder takes the numbers as they are.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ConvolutionConfig:
    """Convolutions over an image, each of stride 2, with rectifiers.

    Attributes:
        shape: height H, width W and channels of the image; its pixels come row by row,
            channels last.
        channels: output channels of each layer.
        kernel: side of the filters, pixels.
    """

    shape: tuple[int, int, int]
    channels: tuple[int, ...] = (16, 32)
    kernel: int = 3

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return True

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""
        height, width, channels = self.shape
        return height * width * channels

    def describe(self) -> str:
        """Name the program."""
        layers = "".join(f"-c{channels}" for channels in self.channels)
        return f"{'x'.join(map(str, self.shape))}{layers}k{self.kernel}"


@dataclass(frozen=True)
class TextConvolutionConfig:
    """Filters of several widths over the words of a text, and their maximum over it.

    Attributes:
        vocabulary: number of ids; 0 stands for no word.
        length: ids per text, L = D.
        embedding: width of a word's vector.
        filters: number of filters of each width.
        widths: words that a filter spans.
    """

    vocabulary: int
    length: int
    embedding: int = 32
    filters: int = 32
    widths: tuple[int, ...] = (2, 3, 4)

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""
        return self.length

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return False

    def describe(self) -> str:
        """Name the program."""
        widths = "".join(f"w{width}" for width in self.widths)
        words = f"{self.length}of{self.vocabulary}"
        return f"{words}-e{self.embedding}-f{self.filters}{widths}"


@dataclass(frozen=True)
class TransformerConfig:
    """Self-attention over the words of a text, averaged over it.

    Attributes:
        vocabulary: number of ids; 0 stands for no word.
        length: ids per text, L = D.
        embedding: width of a word's vector, a multiple of `heads`.
        heads: attention heads.
        layers: blocks of attention and feed-forward layers.
    """

    vocabulary: int
    length: int
    embedding: int = 32
    heads: int = 4
    layers: int = 1

    @property
    def num_features(self) -> int:
        """D, the width of the input that it reads."""
        return self.length

    @property
    def is_numeric(self) -> bool:
        """Whether its input can be a little more or less; ids cannot."""
        return False

    def describe(self) -> str:
        """Name the program."""
        words = f"{self.length}of{self.vocabulary}"
        return f"{words}-e{self.embedding}-h{self.heads}a{self.layers}"


EncoderConfig = ConvolutionConfig | TextConvolutionConfig | TransformerConfig


@dataclass(frozen=True)
class NetworkConfig:
    """What fixes a network's program.

    Attributes:
        hidden: widths of the hidden dense layers; empty for a linear read-out.
        encoder: what the dense layers stand on; the features themselves where None.
        precision: of the factors of products, "float32" or "bfloat16"; sums are in
            float32 either way.
    """

    hidden: tuple[int, ...] = (64,)
    encoder: EncoderConfig | None = None
    precision: str = "float32"

    def describe(self, num_features: int, num_classes: int) -> str:
        """Name the program of D inputs and K classes, as in "64-64-10-bf16"."""
        first = str(num_features) if self.encoder is None else self.encoder.describe()
        mark = ["bf16"] if self.precision == "bfloat16" else []
        return "-".join([first, *map(str, (*self.hidden, num_classes)), *mark])
