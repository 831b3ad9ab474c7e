import itertools

import numpy as np
import pytest

from hitl_sim.energy import (
    Kind,
    Scope,
    WorkUnit,
    exact,
    load_profile,
    unavailable,
)
from hitl_sim.energy.split_inference import (
    Layer,
    Link,
    best_cut,
    list_cuts,
    price_layer,
)


def joules(value, of):
    return exact(value, "J", Kind.MODELLED_ANALYTIC, Scope.BOARD, "test", of=of)


def network(seed, num=6):
    rng = np.random.default_rng(seed)
    return [
        Layer(
            f"layer{place}",
            joules(rng.uniform(1, 5), "device"),
            joules(rng.uniform(0.1, 2), "server"),
            rng.uniform(0.01, 0.1),
            rng.uniform(0.001, 0.02),
            int(10 ** rng.uniform(1.5, 4.5)),
        )
        for place in range(num)
    ]


def link(per_byte=1e-3, **settings):
    cost = exact(per_byte, "J/B", Kind.ASSUMED, Scope.NODE, "test", of="link")
    return Link(cost, 1e5, **settings)


def brute_force(layers, link, bits, paid):
    """Place every layer by hand, and keep the placements that go over once at most."""
    best = None
    for places in itertools.product("ds", repeat=len(layers)):
        if "sd" in "".join(places):
            continue
        energy = seconds = 0.0
        sent = False
        for place, layer in zip(places, layers, strict=True):
            if place == "s" and not sent:
                num_bytes = layer.num_features * bits / 8
                energy += float(link.per_byte.value) * num_bytes
                seconds += link.latency_s + num_bytes / link.byte_per_s
                sent = True
            if place == "d":
                energy += float(layer.device.value)
                seconds += layer.device_s
            else:
                seconds += layer.server_s
                energy += float(layer.server.value) if paid == "all" else 0.0
        if best is None or energy < best[0]:
            best = energy, places.count("d"), seconds
    return best


@pytest.mark.parametrize("paid", ["all", "device"])
@pytest.mark.parametrize("bits", [4, 32])
def test_the_best_cut_is_that_of_brute_force(paid, bits):
    ends = set()
    for seed in range(25):
        layers, between = network(seed), link(latency_s=0.01)
        cut = best_cut(list_cuts(layers, between, bits=bits), paid=paid)
        energy, at, seconds = brute_force(layers, between, bits, paid)
        assert cut.at == at
        assert float(cut.joules(paid).value) == pytest.approx(energy)
        assert cut.seconds == pytest.approx(seconds)
        ends.add(cut.at)
    assert len(ends) > 1


def test_a_free_link_leaves_all_to_a_cheap_server_and_a_dear_one_nothing():
    layers = network(0)
    assert best_cut(list_cuts(layers, link(0.0))).at == 0
    assert best_cut(list_cuts(layers, link(10.0))).at == len(layers)


def test_fewer_bits_move_the_cut_towards_the_input():
    layers = network(3)
    device_layers = [
        best_cut(list_cuts(layers, link(2e-3), bits=bits)).at for bits in (32, 8, 2)
    ]
    sent = [
        cut.sent_b
        for cut in (list_cuts(layers, link(), bits=bits)[2] for bits in (32, 8, 2))
    ]
    assert sent[0] == 4 * sent[1] == 16 * sent[2]
    assert device_layers == sorted(device_layers, reverse=True)


def test_all_on_the_device_sends_nothing():
    last = list_cuts(network(1), link(), beside_b=8)[-1]
    assert last.sent_b == 0.0
    assert last.link is None
    assert last.server is None


def test_what_goes_beside_the_features_is_sent_too():
    layers = network(1)
    first = list_cuts(layers, link(), bits=8, beside_b=8)[0]
    assert first.sent_b == layers[0].num_features + 8


def test_the_energy_keeps_whose_it_is_and_the_weakest_kind():
    energy = list_cuts(network(1), link())[3].joules()
    assert {part.of for part in energy.parts} == {"device", "link", "server"}
    assert energy.kind is Kind.ASSUMED


def test_a_cut_whose_energy_is_unknown_is_never_the_best():
    layers = network(1)
    gap = unavailable("J/B", Scope.NODE, "nobody measured the link", of="link")
    assert best_cut(list_cuts(layers, Link(gap, 1e5))).at == len(layers)


def test_counted_layers_are_priced_by_the_profiles_of_both_sides():
    work = WorkUnit("dense", "evaluate", {"float32": 2e9}, 1e7, 2)
    device, server = load_profile("jetson-class"), load_profile("h100")
    layer = price_layer(work, device, server, 300)
    assert layer.device == device.unit_cost(work).joules
    assert layer.server_s == server.unit_cost(work).seconds.value
    assert layer.server_s < layer.device_s
    cuts = list_cuts([layer, layer], link())
    assert {part.of for part in cuts[1].joules().parts} == {
        "jetson-class",
        "link",
        "h100",
    }


def test_impossible_links_bits_and_networks_are_refused():
    with pytest.raises(ValueError, match="`byte_per_s` must be > 0"):
        Link(link().per_byte, 0.0)
    with pytest.raises(ValueError, match="`latency_s` must be >= 0"):
        link(latency_s=-1.0)
    with pytest.raises(ValueError, match="`bits` must be >= 1 and <= 32, got 0"):
        list_cuts(network(1), link(), bits=0)
    with pytest.raises(ValueError, match="`layers` must hold at least one"):
        list_cuts([], link())
