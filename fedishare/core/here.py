"""This node, as its own functions see it: where it is, what time it is, and fresh ids."""

from datetime import datetime
from typing import NamedTuple

from fedishare.core.clock import Clock
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris


class Here(NamedTuple):
    uris: Uris
    ids: Ids
    clock: Clock

    def now(self) -> datetime:
        return self.clock.now()
