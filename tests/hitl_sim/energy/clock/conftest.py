import pytest


class FakeDriver:
    """A driver with one board; it has nothing by which it could be set."""

    def __init__(self, *, lists_clocks=True):
        self.lists_clocks = lists_clocks

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 1

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return f"handle{index}"

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return "Fake A100"

    def nvmlDeviceGetClockInfo(self, handle, kind):  # noqa: N802
        return 1410

    def nvmlDeviceGetMaxClockInfo(self, handle, kind):  # noqa: N802
        return 1410

    def nvmlDeviceGetSupportedMemoryClocks(self, handle):  # noqa: N802
        if not self.lists_clocks:
            raise RuntimeError("Not Supported")
        return [1215, 810]

    def nvmlDeviceGetSupportedGraphicsClocks(self, handle, memory):  # noqa: N802
        assert memory == 1215
        return [210, 705, 1410]

    def nvmlDeviceGetPowerManagementLimit(self, handle):  # noqa: N802
        return 400_000

    def nvmlDeviceGetPowerManagementDefaultLimit(self, handle):  # noqa: N802
        return 400_000

    def nvmlDeviceGetPowerManagementLimitConstraints(self, handle):  # noqa: N802
        return [100_000, 400_000]


@pytest.fixture
def driver_of():
    """A driver with one board."""
    return FakeDriver
