"""How fast we may go on sending to one server: a small reserve for bursts, refilled slowly (security.md 6.3)."""

from typing import Final, NamedTuple

BURST: Final = 20.0
PER_SECOND: Final = 5.0


class _Level(NamedTuple):
    left: float
    at: float


class Paces:
    """Counts requests by host. Times are seconds of any clock that never goes back."""

    def __init__(self) -> None:
        self._levels: dict[str, _Level] = {}

    def count(self, host: str, at: float) -> None:
        """A request was sent."""
        self._levels[host] = _Level(self._left(host, at) - 1, at)

    def allowances(self, at: float) -> dict[str, int]:
        """How many requests each host may get right now; a host that is not named may get all of a burst."""
        self._levels = {host: level for host, level in self._levels.items() if self._left(host, at) < BURST}
        return {host: max(0, int(self._left(host, at))) for host in self._levels}

    def _left(self, host: str, at: float) -> float:
        level = self._levels.get(host)
        return BURST if level is None else min(BURST, level.left + (at - level.at) * PER_SECOND)
