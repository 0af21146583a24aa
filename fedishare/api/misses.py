"""What apps asked for and this node does not have: so its gaps are found (decision C11)."""

import re
from collections import Counter
from typing import Final, NamedTuple

import structlog

log: Final = structlog.get_logger()

MOST_KEYS: Final = 1_000
LONGEST: Final = 120
_NUMBER: Final = re.compile(r"(?<=/)[0-9]+(?=/|$)")


class Miss(NamedTuple):
    agent: str
    method: str
    path: str


class Misses:
    """Counts by app, method and address, with ids left out of it. The log hears of the 1st, the 10th, the 100th ..."""

    def __init__(self) -> None:
        self.counts: Counter[Miss] = Counter()

    def note(self, agent: str, method: str, path: str) -> None:
        miss = Miss(_plain(agent), method, _NUMBER.sub(":id", _plain(path)))
        if miss not in self.counts and len(self.counts) >= MOST_KEYS:
            return
        self.counts[miss] += 1
        times = self.counts[miss]
        if times == 10 ** (len(str(times)) - 1):
            log.info("an app asked for something that is not here", **miss._asdict(), times=times)


def _plain(text: str) -> str:
    return "".join(char for char in text[:LONGEST] if char.isprintable())
