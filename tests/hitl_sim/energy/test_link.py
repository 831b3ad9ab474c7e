import pytest

from hitl_sim.energy.split_inference import load_link


def test_a_slower_radio_takes_more_joules_a_byte():
    wifi, lte = load_link("wifi"), load_link("lte")
    assert wifi.byte_per_s > lte.byte_per_s
    assert float(wifi.per_byte.value) < float(lte.per_byte.value)


def test_wifi_follows_from_its_source():
    """283.17 mW per Mbit/s and 132.86 mW, at 18.88 Mbit/s."""
    watts = (283.17 * 18.88 + 132.86) * 1e-3
    want = watts / (18.88e6 / 8)
    assert float(load_link("wifi").per_byte.value) == pytest.approx(want, rel=1e-2)
    assert load_link("wifi").byte_per_s == pytest.approx(18.88e6 / 8, rel=1e-2)


def test_an_unknown_link_is_refused():
    with pytest.raises(ValueError, match="`link` must be one of 'wifi', 'lte', got"):
        load_link("string")
