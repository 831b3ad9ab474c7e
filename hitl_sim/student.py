"""Student's t, for means of few repeats."""

import math
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def student_quantile(freedom: int) -> float:
    """Return the upper 97.5 % point of Student's t, to 1/1,000 from 4 degrees on.

    Args:
        freedom: degrees of freedom; >= 2, where the error is still below 1 %.

    References:
        Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.7.5.
    """
    z = _Z
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))
