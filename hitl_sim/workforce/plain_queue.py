"""Waits in a plain queue, without a clock: the second engine of what comes in singly.

References:
    Lindley (1952), The theory of queues with a single server.
    Kiefer and Wolfowitz (1955), On the theory of queues with many servers.
"""

from heapq import heapify, heapreplace

import numpy as np

from hitl_sim.array import FloatArray


def queue_waits(
    arrive_s: FloatArray, service_s: FloatArray, servers: int
) -> FloatArray:
    """Return how long each of `N` questions waits, first come first served.

    Args:
        arrive_s: `[N]` when each comes in, in order, s.
        service_s: `[N]` how long each takes, s.
        servers: people who are always there; >= 1.

    Returns:
        `[N]` time from coming in to being begun, s. One server takes a running
        maximum, several a heap of the times at which they are free.
    """
    if servers == 1:
        walk = np.concatenate([[0.0], np.cumsum(service_s[:-1] - np.diff(arrive_s))])
        return np.asarray(walk - np.minimum.accumulate(walk))
    free_s = [0.0] * servers
    heapify(free_s)
    waits = []
    for arrives, takes in zip(arrive_s.tolist(), service_s.tolist(), strict=True):
        begins = max(arrives, free_s[0])
        waits.append(begins - arrives)
        heapreplace(free_s, begins + takes)
    return np.array(waits)
