"""What all people see in an item, laid out on points to integrate over.

Persistent parts and their scale must not be estimated side by side: the joint maximum
runs to the boundary. The shared part is integrated out instead, by points that are the
same in every step, so that the likelihood is a smooth function of lambda_shared:

- With two options only the difference of the shared parts counts. With logistic noise
  it has the bridge distribution, whose quantiles are closed: D = log sin(l pi u) -
  log sin(l pi (1 - u)). Points are even on the logit scale of u, the trapezoid rule.
- With more, points are quasi-random draws of the positive stable parts, and of a normal
  difficulty.

References:
    Wang, Louis (2003), Matching conditional and marginal shapes in binary random
    intercept models using a bridge distribution function, Biometrika 90(4), 765-775.
    Gourieroux, Monfort (1996), Simulation-based econometric methods, chapter 2:
    simulated maximum likelihood with fixed draws.
    Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity
    14(4), 466-489.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from scipy.stats import norm, qmc

from oracles.utility import scaled_log_stable

_REACH = 10.0
_NORMAL_REACH = 5.0
_EDGE = 1e-6


class Points(NamedTuple):
    """Fixed draws behind what all people see in an item.

    Attributes:
        log_weight: `[R]` log probability of each.
        angle: `[R, K]` uniforms of the stable parts; `[R, 1]` logits of the uniforms
            of the bridge where there are two options.
        energy: `[R, K]` exponentials of the stable parts; empty for the bridge.
        normal: `[R]` standard normal difficulty, or importance; zeros for the bridge.
    """

    log_weight: Float[Array, "R"]
    angle: Float[Array, "R J"]
    energy: Float[Array, "R J"]
    normal: Float[Array, "R"]


def bridge_points(num_points: int) -> Points:
    """Lay out points for two options."""
    logit = jnp.linspace(-_REACH, _REACH, num_points)
    density = jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit)
    nothing = (jnp.zeros((num_points, 0)), jnp.zeros(num_points))
    return Points(jax.nn.log_softmax(density), logit[:, None], *nothing)


def normal_points(num_points: int) -> Points:
    """Lay out points of a standard normal item."""
    normal = jnp.linspace(-_NORMAL_REACH, _NORMAL_REACH, num_points)
    log_weight = jax.nn.log_softmax(-0.5 * jnp.square(normal))
    nothing = (jnp.zeros((num_points, 1)), jnp.zeros((num_points, 0)))
    return Points(log_weight, *nothing, normal)


def stable_points(num_points: int, num_options: int, seed: int = 0) -> Points:
    """Lay out quasi-random points for more than two options.

    Args:
        num_points: a power of two.
        num_options: K.
        seed: of the scrambling.
    """
    dimensions = 2 * num_options + 1
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    uniform = np.clip(sequence.random(num_points), _EDGE, 1.0 - _EDGE)
    return Points(
        log_weight=jnp.full(num_points, -np.log(num_points), jnp.float32),
        angle=jnp.asarray(uniform[:, :num_options], jnp.float32),
        energy=jnp.asarray(-np.log(uniform[:, num_options:-1]), jnp.float32),
        normal=jnp.asarray(norm.ppf(uniform[:, -1]), jnp.float32),
    )


def shared_part(points: Points, shared: Float[Array, ""]) -> Float[Array, "R K"]:
    """Return what the shared noise adds to every option at every point.

    Returns:
        Utilities; of two options the first has 0.
    """
    if points.energy.shape[1]:
        return scaled_log_stable(
            jnp.broadcast_to(shared, points.angle.shape), points.angle, points.energy
        )
    logit = points.angle[:, 0]
    half_turn = shared * jnp.pi
    above = jnp.log(jnp.sin(half_turn * jax.nn.sigmoid(logit)))
    below = jnp.log(jnp.sin(half_turn * jax.nn.sigmoid(-logit)))
    return jnp.stack([jnp.zeros_like(logit), above - below], axis=1)
