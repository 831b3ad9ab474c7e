"""Whether a desk is served: a lock that its server holds for as long as it lives."""

from __future__ import annotations

import time
from pathlib import Path

from hitl_sim.session.claim import CAN_CLAIM, Claim

_LOCK = "serving.lock"
_TRIES, _PAUSE_S = 5, 0.02


def take_serving(folder: Path) -> Claim | None:
    """Take the right to serve a desk; None where another process serves it.

    Whoever just looks whether it is served holds the lock for a moment, so it is tried
    more than once.
    """
    claim = Claim(folder / _LOCK)
    for _ in range(_TRIES):
        if claim.take():
            return claim
        time.sleep(_PAUSE_S)
    return None


def is_served(folder: Path) -> bool:
    """Say whether some process serves a desk now; True where that cannot be told."""
    if not CAN_CLAIM:
        return True
    claim = Claim(folder / _LOCK)
    is_free = claim.take()
    claim.give_back()
    return not is_free
