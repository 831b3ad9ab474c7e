"""Names of the arrays that the host computes with."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SHOWN = 6
"""Values of an array that an error message shows."""


def some_of(values: npt.ArrayLike) -> str:
    """Write the first values of an array as a list, and how many more there are."""
    flat = np.ravel(np.asarray(values))
    rest = flat.size - _SHOWN
    shown = f"{flat[:_SHOWN].tolist()}"
    return f"{shown} and {rest:,} more" if rest > 0 else shown
