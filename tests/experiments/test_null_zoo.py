"""The null zoo: its counting on made-up blocks, and its quick form's signs."""

import msgspec
import null_zoo
import numpy as np
import pytest
from null_zoo import NULLS, PAIRS, PLANTED, TWINS, Block, Null, Seen

from hitl_sim.analysis.chance.interval import CostSample, ratio_interval, resample
from hitl_sim.study.grid import expand
from hitl_sim.study.spec import load_spec

STUDY = null_zoo.HERE / "null_zoo.toml"


def blocks_of(*highs, arm="clean copy"):
    return [
        Block({(arm, None): Seen(high / 2, high, high < 1.0, high <= 0.95)}, {}, {})
        for high in highs
    ]


def names(spec):
    found = set()
    for condition in expand(spec):
        swept = sorted(condition.settings.items())
        values = [str(value) for field, value in swept if field != "task"]
        found.add(" ".join([condition.task_name, condition.arm.name, *values]))
    return found


def test_the_study_has_every_null_and_every_planted_arm():
    wanted = {null.arm for null in NULLS} | set(PLANTED)
    wanted |= {null.beside for null in NULLS if null.beside}
    wanted |= {arm for pair in PAIRS.values() for arm in pair}
    wanted |= set(TWINS.values())
    assert wanted <= names(load_spec(STUDY))


def test_there_are_at_least_twelve_nulls():
    assert len({(null.arm, null.beside) for null in NULLS}) == len(NULLS) >= 12


def test_the_quick_form_keeps_every_intervention_by_the_best_and_the_worst_people():
    assert {arm for pair in PAIRS.values() for arm in pair} <= names(
        load_spec(STUDY, is_smoke=True)
    )


def test_blocks_are_disjoint_and_of_one_size():
    assert null_zoo.cut(70, 16) == [0, 16, 32, 48]


def test_the_exact_interval_is_that_of_clopper_and_pearson():
    # 1 - .025^(1/20), the closed form without hits
    assert null_zoo.exact(0, 20) == pytest.approx((0.0, 1.0 - 0.025 ** (1 / 20)))
    assert null_zoo.exact(8, 160) == pytest.approx((0.0218, 0.0961), abs=1e-4)


@pytest.mark.parametrize(("hits", "expected"), [(8, True), (13, True), (16, False)])
def test_a_null_fails_only_where_its_whole_interval_is_above_the_limit(hits, expected):
    assert null_zoo.is_sound(hits, 160) is expected


def test_claims_count_the_intervals_below_one():
    assert null_zoo.claims(blocks_of(0.9, 1.0, 1.1, 0.99), "clean copy") == 2


def test_sizes_count_the_blocks_in_which_people_pay_back_at_some_size():
    arm = "clean copy"
    blocks = [
        Block({(arm, None): Seen(0.5, 2.0, False, False, is_finite)}, {}, {})
        for is_finite in (True, False, True)
    ]
    assert null_zoo.sizes(blocks, arm) == 2


def test_the_overall_share_weighs_blocks_and_nulls_alike():
    null = Null("clean copy", "a copy", "equal")
    share, error = null_zoo.overall(blocks_of(0.9, 1.1, 1.1, 1.1), [null, null])
    assert share == 0.25
    assert error == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("factor", "is_reached", "expected"),
    [
        (1.0, True, False),
        (1.0 + 1e-15, True, False),
        (1.1, True, True),
        (1, False, True),
    ],
)
def test_a_null_varies_where_its_runs_do_and_not_where_their_last_digits_do(
    factor, is_reached, expected
):
    spent = np.linspace(1.0, 2.0, 16)
    ends = np.full(16, is_reached)
    cost_sample = {
        "clean control": CostSample(spent, np.ones(16, bool)),
        "clean copy": CostSample(factor * spent, ends),
    }
    null = Null("clean copy", "a copy", "equal")
    assert null_zoo.varies([Block({}, cost_sample, {})], null) is expected


def test_the_smallest_saving_is_stated_by_one_half_and_judged_by_the_other():
    first, other = [2.0] * 50, [1.9] * 40 + [2.5] * 10
    rho, hits, trials = null_zoo.smallest_found(blocks_of(*first, *other), "clean copy")
    assert (rho, hits, trials) == (0.5, 40, 50)


def test_the_stated_size_is_the_weakest_of_a_chain_of_arms_that_are_all_found():
    arms = list(PLANTED)[:3]
    spent = dict(zip(arms, (0.3, 0.5, 0.7), strict=True))
    names = {*arms, *map(null_zoo.control_of, arms)}
    cost_sample = {
        name: CostSample(np.full(16, spent.get(name, 1.0)), np.ones(16, bool))
        for name in names
    }
    blocks = [
        Block(
            {(arm, None): Seen(0.1, 0.9, arm != arms[2], True) for arm in arms},
            cost_sample,
            {},
        )
        for _ in range(80)
    ]
    assert null_zoo.weakest_found(blocks) == (arms[1], pytest.approx(0.5))
    assert null_zoo.weakest_found(blocks[:10]) is None


def test_a_dearer_device_scales_the_interval_of_rho():
    """So a planted saving is found where rho times the copy's upper end is below 1."""
    generator = np.random.default_rng(3)
    arm, control = (
        CostSample(generator.lognormal(0, 0.5, 16), generator.random(16) < 0.9)
        for _ in range(2)
    )
    plain = ratio_interval(arm, control, resample(16, 0))
    scaled = CostSample(0.4 * arm.spent, arm.is_reached)
    expected = [0.4 * end for end in plain]
    assert ratio_interval(scaled, control, resample(16, 0)) == pytest.approx(expected)


GATE = ("relevance", "labelling")
"""Interventions that the gate tries; a slow test tries all."""
GATE_ARMS = ("control", "copy", "rated_half", "rated_by_spammers", "labelled")


def few_arms(spec):
    """Leave a study no more than the gate's arms, on the tasks that they are for."""
    arms = tuple(a for a in spec.arm if a.name.removesuffix("_again") in GATE_ARMS)
    names = {arm.name for arm in arms}
    axes = tuple(
        msgspec.structs.replace(axis, arms=own)
        for axis in spec.axis
        if (own := tuple(name for name in axis.arms if name in names))
    )
    tasks = {v for axis in axes if axis.field == "task" for v in axis.values}
    kept = {name: task for name, task in spec.task.items() if name in tasks}
    prices = msgspec.structs.replace(spec.prices, machine={})
    return msgspec.structs.replace(
        spec, arm=arms, axis=axes, task=kept, machine={}, prices=prices
    )


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    spec = few_arms(load_spec(STUDY, is_smoke=True))
    return null_zoo.run(spec, tmp_path_factory.mktemp("zoo"))


@pytest.fixture(scope="module")
def every_arm(tmp_path_factory):
    spec = load_spec(STUDY, is_smoke=True)
    return null_zoo.run(spec, tmp_path_factory.mktemp("zoo"))


@pytest.mark.study
@pytest.mark.parametrize("kind", GATE)
def test_perfect_people_beat_the_control_and_spammers_do_not(smoke, kind):
    assert_signs(smoke, kind)


@pytest.mark.slow
@pytest.mark.study
@pytest.mark.parametrize("kind", [kind for kind in PAIRS if kind not in GATE])
def test_so_they_do_whatever_they_are_asked(every_arm, kind):
    assert_signs(every_arm, kind)
    for size in null_zoo.BLOCKS:
        assert null_zoo.claims(every_arm[size], PAIRS[kind][1]) == 0


def assert_signs(smoke, kind):
    """Perfect people save, guessing ones do not, and a machine saves less."""
    perfect, spammers = (
        null_zoo.pooled(smoke[16], arm, null_zoo.control_of(arm)) for arm in PAIRS[kind]
    )
    bar, twin = 1.0, TWINS.get(kind)
    if twin:
        # a machine chooses what people look at: they have to add to it
        bar = null_zoo.pooled(smoke[16], twin, null_zoo.control_of(twin))[0]
    assert perfect[2] < bar <= spammers[2]


@pytest.mark.study
def test_no_block_claims_that_spammers_pay(smoke):
    for size in null_zoo.BLOCKS:
        for kind in GATE:
            assert null_zoo.claims(smoke[size], PAIRS[kind][1]) == 0


@pytest.mark.study
def test_every_block_finds_that_perfect_labels_pay(smoke):
    assert null_zoo.claims(smoke[16], "mislabelled labelled perfect") == 4


@pytest.mark.study
def test_an_arm_under_two_names_is_the_same_arm(smoke):
    one = "corrupted rated_by_spammers_again spammer"
    other = "corrupted rated_by_spammers spammer"
    for block in smoke[16]:
        np.testing.assert_array_equal(
            block.cost_sample[one].spent, block.cost_sample[other].spent
        )
        seen = block.seen[one, other]
        # few runs get there, so that a resample may hold no success of either
        assert seen.low <= 1.0 <= seen.high
        assert not seen.pays


@pytest.mark.slow
@pytest.mark.study
def test_the_page_names_every_null_of_the_study(every_arm):
    page = null_zoo.write_page(load_spec(STUDY, is_smoke=True), every_arm)
    assert all(null.why in page for null in null_zoo.present(every_arm[16]))


@pytest.mark.slow
@pytest.mark.study
def test_the_whole_zoo_is_sound_and_planted_effects_are_found(tmp_path):
    blocks = null_zoo.run(load_spec(STUDY), tmp_path)
    for size in null_zoo.BLOCKS:
        for null in NULLS:
            hits = null_zoo.claims(blocks[size], null.arm, null.beside)
            assert null_zoo.is_sound(hits, len(blocks[size])), null
        for task in ("clean", "corrupted", "mislabelled"):
            _, found, trials = null_zoo.smallest_found(blocks[size], f"{task} copy")
            assert null_zoo.exact(found, trials)[1] >= null_zoo.POWER
        assert null_zoo.weakest_found(blocks[size]) is not None
