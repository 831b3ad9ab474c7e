import pytest


class FakeDriver:
    """A driver with one board, which remembers what was set."""

    def __init__(self, *, may_set=True, lists_clocks=True):
        self.may_set, self.lists_clocks = may_set, lists_clocks
        self.clock_mhz, self.limit_mw = 1410, 400_000
        self.log = []

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 1

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return f"handle{index}"

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return "Fake A100"

    def nvmlDeviceGetClockInfo(self, handle, kind):  # noqa: N802
        return self.clock_mhz

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
        return self.limit_mw

    def nvmlDeviceGetPowerManagementDefaultLimit(self, handle):  # noqa: N802
        return 400_000

    def nvmlDeviceGetPowerManagementLimitConstraints(self, handle):  # noqa: N802
        return [100_000, 400_000]

    def _set(self, *what):
        if not self.may_set:
            raise RuntimeError("Insufficient Permissions")
        self.log.append(what)

    def nvmlDeviceSetGpuLockedClocks(self, handle, low, high):  # noqa: N802
        self._set("clock", low, high)
        self.clock_mhz = low

    def nvmlDeviceResetGpuLockedClocks(self, handle):  # noqa: N802
        self._set("reset")
        self.clock_mhz = 1410

    def nvmlDeviceSetPowerManagementLimit(self, handle, limit_mw):  # noqa: N802
        self._set("limit", limit_mw)
        self.limit_mw = limit_mw


@pytest.fixture
def driver_of():
    """A driver with one board, which remembers what was set."""
    return FakeDriver
