import jax.numpy as jnp
import pytest

from oracles import LABEL


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("own", 1.2, r"`own` must be in \[0, 1\], got 1.2"),
        ("own", -0.1, r"`own` must be in \[0, 1\], got -0.1"),
        ("lapse", 1.5, r"`lapse` must be in \[0, 1\], got 1.5"),
        ("skill", float("nan"), r"`skill` must be finite, got nan"),
        ("pace", float("inf"), r"`pace` must be finite, got inf"),
        ("spread", -1.0, r"`spread` must be >= 0, got -1.0"),
        ("memory", 1.0, r"`memory` must be in \[0, 0.999\], got 1.0"),
        ("band", -0.5, r"`band` must be >= 0, got -0.5"),
        ("automation_bias", float("nan"), r"`automation_bias` must be finite, got nan"),
        ("skip_margin", -0.1, r"`skip_margin` must be >= 0, got -0.1"),
        ("guess", [0.5, 0.6], r"`guess` must sum to 1 for everybody, got 1.1"),
        ("confusion", [0.5, 0.6], r"`confusion` must have shape \(3, 2, 2\)"),
        ("fatigue", 0.5, r"`fatigue_s` must be given where `fatigue` is, got none"),
        ("fatigue_s", 0.5, r"`fatigue` must be given where `fatigue_s` is, got none"),
    ],
)
def test_a_trait_out_of_range_is_refused_by_name_value_and_range(
    make_crowd, field, value, message
):
    with pytest.raises(ValueError, match=message):
        LABEL.check(make_crowd(3, **{field: value}))


def test_a_shared_lambda_out_of_range_is_refused(make_crowd):
    with pytest.raises(ValueError, match=r"`shared` must be .*\[0, 1\], got 2"):
        LABEL.check(make_crowd(3, shared=2.0))


def test_two_people_with_one_id_are_refused(make_crowd):
    crowd = make_crowd(2)._replace(id=jnp.array([4, 4], jnp.int32))
    with pytest.raises(ValueError, match=r"`id` must be distinct, got \[4, 4\]"):
        LABEL.check(crowd)


def test_ids_that_are_not_integers_are_refused(make_crowd):
    with pytest.raises(ValueError, match="`id` must be a non-empty vector of integers"):
        LABEL.check(make_crowd(2)._replace(id=jnp.zeros(2)))


def test_a_trait_for_another_number_of_people_is_refused(make_crowd):
    crowd = make_crowd(3)._replace(skill=jnp.zeros(2))
    with pytest.raises(ValueError, match=r"`skill` must have shape \(3,\), got \(2,\)"):
        LABEL.check(crowd)


def test_a_sound_crowd_passes(make_crowd):
    assert LABEL.check(make_crowd(3, own=0.5, lapse=0.1)) is None


def test_a_parameter_that_nobody_knows_is_refused_with_the_known_ones(make_crowd):
    crowd = make_crowd(2)._replace(extra={"mood": jnp.zeros(2)})
    with pytest.raises(
        ValueError, match=r"people may lack \(.*automation_bias, .* got 'mood'"
    ):
        LABEL.check(crowd)
