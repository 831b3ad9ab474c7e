import dataclasses

import pytest

from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.efficiency.serve import Serving, serve
from hitl_sim.energy import load_profile
from hitl_sim.energy.split_inference import load_link


def _half(flops):
    return {
        "phase": "evaluate",
        "flops": {"float32": flops},
        "bytes_moved": 1e3,
        "num_kernels": 0.1,
    }


def _served(flops, num_features=256, bits=4):
    halves = {
        "device": _half(3e4),
        "server": _half(flops),
        "num_inputs": 64,
        "num_features": num_features,
        "beside_b": 8,
    }
    device, server = load_profile("laptop-cpu"), load_profile("h100")
    serving = Serving(device, server, load_link("wifi"), "wifi")
    return serve("unit", halves, bits, serving)


def test_a_query_takes_device_link_and_server():
    cut = _served(1e4).cut
    assert cut.sent_b == 256 * 4 / 8 + 8
    per_byte = float(load_link("wifi").per_byte.value)
    assert float(cut.link.value) == pytest.approx(136 * per_byte)
    parts = (cut.device, cut.link, cut.server)
    whole = sum(float(part.value) for part in parts)
    assert float(_served(1e4).joules.value) == pytest.approx(whole)


def test_little_work_stays_on_the_device_and_much_goes_to_the_server():
    """A network of the study's size sends more than it computes."""
    assert _served(1e4).best.at == 2
    assert _served(1e12).best.at < 2


def test_all_on_the_device_sends_nothing():
    found = _served(1e4)
    assert found.cuts[-1].link is None
    assert float(found.cuts[-1].device.value) > float(found.cut.device.value)


def test_fewer_bits_take_fewer_joules_on_the_link():
    few, many = (float(_served(1e4, bits=bits).cut.link.value) for bits in (2, 16))
    assert few < many


def test_a_cut_is_cheapest_only_if_constants_cannot_turn_it():
    assert _served(1e4).is_cheapest is Answer.NO
    found = _served(1e4)
    near, cut, far = found.cuts
    assert (cut, far) == (found.cut, found.cuts[-1])

    def dear(quantity, interval):
        return dataclasses.replace(
            quantity, value=1.0, interval=interval, errors=None, composition=()
        )

    def against(interval):
        others = tuple(
            dataclasses.replace(
                other, device=None, link=None, server=dear(far.device, interval)
            )
            for other in (near, far)
        )
        return dataclasses.replace(found, cuts=(others[0], cut, others[1]))

    assert against((0.9, 1.1)).is_cheapest is Answer.YES
    assert against((-1.0, 3.0)).is_cheapest is Answer.UNDETERMINED
    assert against(None).is_cheapest is Answer.UNDETERMINED
