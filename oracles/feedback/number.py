"""Number: which number does this item have, in standard deviations from the mean?

Two options, low and high, and the difference of their utilities read off as it is, on a
scale on which it varies over items as the numbers themselves do: a person uses the
whole range whatever the skill. With signal s per standard deviation an answer is

```
(s z + logistic noise) / sqrt(s^2 + pi^2 / 3) * slope + bias
```
of an item that is z standard deviations from the mean. So it correlates with z by
r = s / sqrt(s^2 + pi^2 / 3), and regresses towards the mean by as much: whoever knows
less says less, but no less freely. Slope and bias are a person's own; without skill,
and in a lapse, an answer is a number of the range that says nothing.

References:
    Hollingworth (1910), The central tendency of judgment, Journal of Philosophy,
    Psychology and Scientific Methods 7(17), 461-469: estimates drawn to the middle.
    Parducci (1965), Category judgment: a range-frequency model, Psychological Review
    72(6), 407-418: that raters use a range as it is.
"""

import math

import jax.numpy as jnp

from oracles.respond import Kind, ReadOut, Realised, clarity
from oracles.utility import draw_signal, scaled_utility

_NOISE_VARIANCE = math.pi**2 / 3.0


def _read(seen: Realised) -> ReadOut:
    lead = seen.utility[1] - seen.utility[0]
    signal = jnp.where(seen.is_lapse, 0.0, draw_signal(seen.params, seen.query))
    told = lead / jnp.sqrt(signal**2 + _NOISE_VARIANCE)
    extra = seen.params.extra
    if "slope" in extra:
        told = told * extra["slope"][:, None]
    if "bias" in extra:
        told = told + extra["bias"][:, None]
    return ReadOut(told, *clarity(jnp.abs(lead)), jnp.abs(lead))


KIND = Kind(
    words="which number an item has",
    space=7,
    systematic=scaled_utility,
    read=_read,
    options="pair",
    answer="number",
)
