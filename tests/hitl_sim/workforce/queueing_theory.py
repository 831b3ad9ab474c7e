"""What queueing theory knows of the clock, each by its textbook formula.

References:
    Kleinrock (1975), Queueing Systems, volume 1: M/M/c, M/M/c/c, M/M/1//A.
    Garnett, Mandelbaum and Reiman (2002), Designing a call center with impatient
    customers, Manufacturing and Service Operations Management 4: Erlang A.
"""

from heapq import heapify, heapreplace

import numpy as np


def harmonic(num):
    """Return 1 + 1/2 + ... + 1/num."""
    return sum(1.0 / i for i in range(1, num + 1))


def erlang_b(servers, load):
    """Share of arrivals that find all servers busy, M/M/c/c; load in erlangs."""
    lost = 1.0
    for i in range(1, servers + 1):
        lost = load * lost / (i + load * lost)
    return lost


def erlang_c_wait(servers, load, service_s):
    """Mean wait before service, M/M/c, s."""
    lost = erlang_b(servers, load)
    delayed = lost / (1 - load / servers * (1 - lost))
    return delayed * service_s / (servers - load)


def erlang_a_lost(servers, load, service_s, patience_s, most=4_000):
    """Share of arrivals that leave before service, M/M/c+M."""
    arrive, serve, leave = load / service_s, 1 / service_s, 1 / patience_s
    n = np.arange(1, most)
    rate_out = np.minimum(n, servers) * serve + np.maximum(n - servers, 0) * leave
    weight = np.exp(np.concatenate([[0.0], np.cumsum(np.log(arrive / rate_out))]))
    weight /= weight.sum()
    waiting = np.maximum(np.arange(most) - servers, 0)
    return float(leave * (weight @ waiting) / arrive)


def repairman_wait(people, think_s, serve_s):
    """Mean time at one device, service included, M/M/1//A, s."""
    weight = [1.0]
    for i in range(people):
        weight.append(weight[-1] * (people - i) * serve_s / think_s)
    weight = np.array(weight) / sum(weight)
    at_device = float(weight @ np.arange(people + 1))
    throughput = (1 - weight[0]) / serve_s
    return at_device / throughput


def queue_waits(arrive_s, service_s, servers):
    """Return how long each of `N` questions waits, first come first served.

    Args:
        arrive_s: `[N]` when each comes in, in order, s.
        service_s: `[N]` how long each takes, s.
        servers: people who are always there; >= 1.

    Returns:
        `[N]` time from coming in to being begun, s. One server takes a running
        maximum, several a heap of the times at which they are free.

    References:
        Lindley (1952), The theory of queues with a single server.
        Kiefer and Wolfowitz (1955), On the theory of queues with many servers.
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
