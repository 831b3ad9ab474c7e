"""What fixes the arithmetic of a network's products."""

from dataclasses import dataclass
from typing import Literal

from hitl_sim.learn.arithmetic.quantise import Granularity

Form = Literal["float32", "int8", "int8_simulated", "approximate", "error_model"]
"""How a product is computed.

`float32`: as it is. `int8`: int8 operands and int32 sums, in int8 where the backend has
the kernel. `int8_simulated`: the same numbers, computed in float32. `approximate`: int8
operands whose every product is looked up in the table of an approximate multiplier, to
the bit. `error_model`: a low-rank model of that multiplier's error: faster, not exact.
"""


@dataclass(frozen=True)
class ArithmeticConfig:
    """What fixes the arithmetic of a network's products.

    Attributes:
        form: how a product is computed.
        multiplier: design of the 8-bit multiplier, for `approximate` and `error_model`;
            `multiplier_names()` lists them.
        granularity: one scale per row of the input and column of the weights, or one
            per array.
        rank: terms of the error model.
    """

    form: Form = "float32"
    multiplier: str = "mitchell"
    granularity: Granularity = "channel"
    rank: int = 4

    def describe(self) -> str:
        """Name the arithmetic, as in "int8" or "approximate-mitchell"."""
        name: str = self.form
        if self.form in ("approximate", "error_model"):
            name += f"-{self.multiplier}"
        if self.form == "error_model":
            name += f"-r{self.rank}"
        if self.form != "float32" and self.granularity == "tensor":
            name += "-tensor"
        return name
