import pytest

from hitl_sim.energy import Scope
from hitl_sim.energy.meters.zones import find_zones


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
