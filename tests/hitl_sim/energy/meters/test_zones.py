from pathlib import Path

import pytest

from hitl_sim.energy import Scope
from hitl_sim.energy.meters.zones import Zone, find_zones, mirrored


def build(root, zones):
    for folder, name in zones.items():
        path = root / folder
        path.mkdir(parents=True)
        (path / "name").write_text(name + "\n")
    return root


TWO_SOCKETS = {
    "intel-rapl": "",
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "dram",
    "intel-rapl:1": "package-1",
    "intel-rapl:1:0": "dram",
    "intel-rapl:2": "psys",
    "intel-rapl-mmio:0": "package-0",
}


def counted(root):
    return {zone.of: zone.scope for zone in find_zones(root) if not zone.skipped}


def test_packages_and_their_memory_are_counted_once(tmp_path):
    assert counted(build(tmp_path, TWO_SOCKETS)) == {
        "host/package-0": Scope.PACKAGE,
        "host/package-0/dram": Scope.DRAM,
        "host/package-1": Scope.PACKAGE,
        "host/package-1/dram": Scope.DRAM,
    }


def test_what_is_left_out_says_why(tmp_path):
    zones = find_zones(build(tmp_path, TWO_SOCKETS))
    reasons = {zone.path.name: zone.skipped for zone in zones if zone.skipped}
    assert reasons == {
        "intel-rapl:0:0": "lies inside its package",
        "intel-rapl:2": "holds the packages that are already counted",
        "intel-rapl-mmio:0": "second view of a zone that is already counted",
    }


def test_zones_inside_one_another_are_found_like_zones_side_by_side(tmp_path):
    nested = {
        "intel-rapl/intel-rapl:0": "package-0",
        "intel-rapl/intel-rapl:0/intel-rapl:0:0": "dram",
    }
    assert counted(build(tmp_path, nested)) == {
        "host/package-0": Scope.PACKAGE,
        "host/package-0/dram": Scope.DRAM,
    }


@pytest.mark.parametrize(
    ("zones", "of"),
    [
        ({"intel-rapl-mmio:0": "package-0"}, "host/package-0"),
        ({"intel-rapl:0": "psys"}, "host"),
        ({"intel-rapl:0": "package-0-die-0"}, "host/package-0-die-0"),
    ],
)
def test_a_lone_view_is_counted(tmp_path, zones, of):
    assert list(counted(build(tmp_path, zones))) == [of]


def test_other_folders_are_no_zones(tmp_path):
    build(tmp_path, {"dtpm": "", "intel-rapl": "", "something:0": "package-0"})
    assert find_zones(tmp_path) == []


def test_two_zones_of_one_name_and_control_type_are_two_places(tmp_path):
    zones = {"intel-rapl:0": "package-0", "intel-rapl:1": "package-0"}
    assert list(counted(build(tmp_path, zones))) == [
        "host/package-0",
        "host/package-0@intel-rapl.1",
    ]


@pytest.mark.parametrize(
    ("others", "first", "last", "found"),
    [
        ("host/package-0-die-1", 7.0, 9.0, True),
        ("host/package-0-die-1", 7.1, 9.1, True),
        ("host/package-0-die-1", 8.0, 10.0, False),
        ("host/package-1-die-0", 7.0, 9.0, False),
        ("host/package-0-die-0/dram", 7.0, 9.0, False),
    ],
)
def test_a_mirror_is_the_same_package_at_the_same_number(others, first, last, found):
    ofs = ("host/package-0-die-0", others)
    zones = [Zone(Path("x"), of, Scope.PACKAGE) for of in ofs]
    result = mirrored(
        zones, {ofs[0]: 7.0, others: first}, {ofs[0]: 9.0, others: last}, 0.5
    )
    assert result == ({others: ofs[0]} if found else {})


def test_a_counter_that_stands_still_mirrors_nothing():
    ofs = ("host/package-0-die-0", "host/package-0-die-1")
    zones = [Zone(Path("x"), of, Scope.PACKAGE) for of in ofs]
    same = dict.fromkeys(ofs, 7.0)
    assert mirrored(zones, same, same, 0.5) == {}
