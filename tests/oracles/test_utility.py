import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.utility import choose, rank, realise, scaled_log_stable

KEY = jax.random.key(11)
PAIRS = [(1.0, 1.0), (0.6, 0.4), (0.3, 0.8), (0.5, 0.0), (0.0, 0.7), (0.98, 0.02)]
EULER = 0.5772156649


@jax.jit
def noise_of(key, params, query):
    """Return G as `[T, A, K]`: what is realised of options that are worth nothing."""
    asked = jax.tree.map(jnp.transpose, query)
    nothing = jnp.zeros_like(asked.utility)
    return realise(key, 1, params, asked, nothing, jnp.zeros_like(asked.is_asked)).T


@pytest.fixture
def noise(make_query, make_crowd):
    """Return G as `[look, item, annotator, option]`, 20,000 entries per person."""

    def draw(shared, own):
        query = make_query(5000, 2, 4, num_looks=2)
        params = make_crowd(2, shared=shared, own=own)
        return np.asarray(noise_of(KEY, params, query)).reshape(2, 5000, 2, 4)

    return draw


def correlation(x, y):
    """Return the correlation of standard Gumbels and its standard error."""
    product = (x - EULER) * (y - EULER) / (np.pi**2 / 6)
    return product.mean(), product.std() / np.sqrt(product.size)


@pytest.mark.parametrize(("shared", "own"), PAIRS)
def test_noise_is_standard_gumbel_whatever_the_lambdas(noise, shared, own):
    g = noise(shared, own)[0, :, 0].ravel()
    variance = np.pi**2 / 6
    assert abs(g.mean() - EULER) < 4 * np.sqrt(variance / g.size)
    # A Gumbel has excess kurtosis 12/5.
    assert abs(g.var() - variance) < 4 * variance * np.sqrt(4.4 / g.size)
    for level in (0.05, 0.5, 0.95):
        share = (g < -np.log(-np.log(level))).mean()
        assert abs(share - level) < 4 * np.sqrt(level * (1 - level) / g.size)


@pytest.mark.parametrize(("shared", "own"), PAIRS)
def test_two_looks_of_one_person_correlate_as_the_formula_says(noise, shared, own):
    g = noise(shared, own)
    seen, error = correlation(g[0, :, 0].ravel(), g[1, :, 0].ravel())
    assert abs(seen - (1 - (shared * own) ** 2)) < 4 * error


@pytest.mark.parametrize(("shared", "own"), PAIRS)
def test_two_people_on_one_item_correlate_as_the_formula_says(noise, shared, own):
    g = noise(shared, own)
    seen, error = correlation(g[0, :, 0].ravel(), g[0, :, 1].ravel())
    assert abs(seen - (1 - shared**2)) < 4 * error


def test_options_and_items_do_not_share_noise(noise):
    g = noise(0.5, 0.5)[0, :, 0]
    for x, y in ((g[:, 1:], g[:, :-1]), (g[1:], g[:-1])):
        seen, error = correlation(x.ravel(), y.ravel())
        assert abs(seen) < 4 * error


@pytest.mark.parametrize("index", [0.2, 0.5, 0.9])
def test_the_stable_draw_has_the_laplace_transform_that_defines_it(index):
    rng = np.random.default_rng(0)
    angle = jnp.asarray(rng.random(50_000), jnp.float32)
    energy = jnp.asarray(rng.exponential(size=50_000), jnp.float32)
    scaled = np.asarray(scaled_log_stable(jnp.float32(index), angle, energy), float)
    for s in (0.5, 2.0):
        seen = np.exp(-s * np.exp(np.minimum(scaled / index, 700)))
        error = seen.std() / np.sqrt(seen.size)
        assert abs(seen.mean() - np.exp(-(s**index))) < 4 * error


def test_the_stable_draw_vanishes_at_index_one_and_is_gumbel_at_zero():
    angle = jnp.array([2.0**-24, 0.1, 0.5, 0.9, 1 - 2.0**-24])
    energy = jnp.array([1e-7, 0.5, 1.0, 3.0, 16.0])
    at_one = scaled_log_stable(jnp.float32(1.0), angle, energy)
    at_zero = scaled_log_stable(jnp.float32(0.0), angle, energy)
    np.testing.assert_array_equal(at_one, 0.0)
    np.testing.assert_allclose(at_zero, -jnp.log(energy), rtol=1e-6)


@pytest.mark.parametrize("index", [0.0, 1e-30, 1e-6, 0.5, 1 - 6e-8, 1.0])
def test_the_stable_draw_and_its_gradient_are_finite_on_the_closed_interval(index):
    angle = jnp.array([2.0**-24, 0.3, 0.5, 1 - 2.0**-24])
    for energy in (6e-8, 1.0, 17.0):
        value, slope = jax.vmap(
            jax.value_and_grad(scaled_log_stable), in_axes=(None, 0, None)
        )(jnp.float32(index), angle, jnp.float32(energy))
        assert jnp.isfinite(value).all()
        assert jnp.isfinite(slope).all()


@pytest.mark.parametrize(("end", "near"), [(0.0, 1e-5), (1.0, 1 - 1e-5)])
def test_the_stable_draw_reaches_its_ends_without_a_jump(end, near):
    angle, energy = jnp.linspace(0.05, 0.95, 19), jnp.linspace(0.1, 3.0, 19)
    at_end = scaled_log_stable(jnp.float32(end), angle, energy)
    near_end = scaled_log_stable(jnp.float32(near), angle, energy)
    np.testing.assert_allclose(at_end, near_end, atol=5e-4)


def test_gradients_of_margins_are_finite_at_both_ends_and_next_to_them(
    make_query, make_crowd
):
    query = make_query(50, 2, 4)
    params = make_crowd(2)

    def total(shared, own):
        crowd = params._replace(shared=shared, own=jnp.full(2, own))
        return jnp.sum(choose(noise_of(KEY, crowd, query).T)[1])

    slopes_of = jax.jit(jax.grad(total, argnums=(0, 1)))
    near = (0.0, 1e-30, 1e-6, 1 - 6e-8, 1.0)
    for shared, own in itertools.product(near, near):
        assert np.isfinite(slopes_of(shared, own)).all()


def test_lambda_shared_zero_gives_everybody_one_view_for_ever(noise):
    g = noise(0.0, 0.7)
    np.testing.assert_array_equal(g[0], g[1])
    np.testing.assert_array_equal(g[:, :, 0], g[:, :, 1])


def test_lambda_own_zero_makes_a_person_repeat_what_others_need_not(noise):
    g = noise(0.9, 0.0)
    np.testing.assert_array_equal(g[0], g[1])
    assert (g[:, :, 0] != g[:, :, 1]).all()


def test_the_choice_is_the_best_option_and_its_margin_the_lead_over_the_second():
    choice, margin = choose(jnp.array([[0.5, 1.0], [3.0, -4.0], [2.0, 1.0]]))
    np.testing.assert_array_equal(choice, [1, 0])
    np.testing.assert_allclose(margin, [1.0, 0.0])


def test_scaling_utilities_and_noise_together_changes_no_choice(noise):
    u = jnp.asarray(noise(0.6, 0.4)[0]).T
    choice, margin = choose(u)
    scaled_choice, scaled_margin = choose(1000.0 * u)
    np.testing.assert_array_equal(choice, scaled_choice)
    np.testing.assert_allclose(scaled_margin, 1000.0 * margin, rtol=1e-2, atol=1e-2)
    np.testing.assert_array_equal(rank(u)[0], rank(1000.0 * u)[0])


def test_a_ranking_lists_options_best_first_with_the_gaps_between_them():
    order, gaps = rank(jnp.array([0.5, 3.0, 2.0]))
    np.testing.assert_array_equal(order, [1, 2, 0])
    np.testing.assert_allclose(gaps, [1.0, 1.5])


MARGIN_CASES = [(1.0, 1.0), (0.6, 0.4), (0.3, 0.9), (1.0, 0.0), (0.0, 1.0)]
WORTH = np.array([1.5, 0.3, 0.0, -0.5])


def margin_law(level, tau=1.0, worth=WORTH):
    """Return P(k, M > level) of each option and the mean margin, in closed form."""
    scaled = np.asarray(worth, float) / tau
    others = [np.logaddexp.reduce(np.delete(scaled, k)) for k in range(scaled.size)]
    lead = scaled - others
    return 1 / (1 + np.exp(level / tau - lead)), tau * np.logaddexp(0, lead).sum()


@pytest.mark.parametrize(("shared", "own"), MARGIN_CASES)
@pytest.mark.parametrize("level", [0.0, 0.5, 2.0])
def test_choices_and_margins_follow_their_closed_form(
    make_query, make_crowd, shared, own, level
):
    params = make_crowd(2, shared=shared, own=own)
    u = noise_of(KEY, params, make_query(50_000, 2, 4)) + WORTH[None, None]
    choice, margin = (np.asarray(x) for x in choose(u.T))
    shares, mean = margin_law(level)
    for option, share in enumerate(shares):
        # Two people on one item are one cluster.
        by_item = ((choice == option) & (margin > level)).mean(axis=0)
        assert abs(by_item.mean() - share) < 4 * by_item.std() / np.sqrt(50_000)
    by_item = margin.mean(axis=0)
    assert abs(by_item.mean() - mean) < 4 * by_item.std() / np.sqrt(50_000)


@pytest.mark.parametrize(("shared", "own"), [(1.0, 0.5), (0.6, 0.4)])
def test_one_person_on_one_item_is_a_softmax_at_the_fresh_temperature(
    make_query, make_crowd, shared, own
):
    count = 200_000
    query = make_query(1, 1, 4, num_looks=count)
    params = make_crowd(1, shared=shared, own=own)
    u = np.asarray(noise_of(KEY, params, query))[:, 0] + 0.5 * WORTH
    tau = shared * own
    # What persists is read off one half of the occasions and tested on the other.
    persists = u[: count // 2].mean(axis=0) - tau * EULER
    choice, margin = (np.asarray(x) for x in choose(jnp.asarray(u[count // 2 :].T)))
    shares, mean = margin_law(0.2, tau, persists)
    for option, share in enumerate(shares):
        seen = ((choice == option) & (margin > 0.2)).mean()
        assert abs(seen - share) < 4 * np.sqrt(2 * share * (1 - share) / margin.size)
    assert abs(margin.mean() - mean) < 4 * np.sqrt(2) * margin.std() / np.sqrt(
        margin.size
    )


def test_who_is_never_asked_twice_has_the_same_noise_without_a_memory(
    make_query, make_crowd
):
    query = make_query(20_000, 2, 4)._replace(occasion=None)
    g = np.asarray(noise_of(KEY, make_crowd(2, shared=0.6, own=0.1), query))
    variance = np.pi**2 / 6
    assert abs(g[:, 0].var() - variance) < 4 * variance * np.sqrt(4.4 / g[:, 0].size)
    seen, error = correlation(g[:, 0].ravel(), g[:, 1].ravel())
    assert abs(seen - (1 - 0.6**2)) < 4 * error


def test_an_item_given_once_for_everybody_draws_what_it_would_for_each(
    make_query, make_crowd
):
    query = make_query(50, 3, 4)
    params = make_crowd(3, shared=0.6, own=0.4)
    once = query._replace(item=query.item[:, :1])
    np.testing.assert_allclose(
        noise_of(KEY, params, once), noise_of(KEY, params, query), rtol=1e-5
    )
