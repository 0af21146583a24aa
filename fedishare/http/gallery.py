"""Pictures from other servers, kept in memory for a few minutes: nothing of them is left behind on the disk."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, NamedTuple

KEPT: Final = timedelta(minutes=10)
MOST_BYTES: Final = 32 << 20


class Shown(NamedTuple):
    body: bytes
    media_type: str
    at: datetime


class Gallery:
    """Of one process, by address. Who may see a picture is asked anew each time, before anybody looks here."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Shown] = OrderedDict()
        self._bytes = 0

    def find(self, url: str, *, now: datetime) -> Shown | None:
        self._forget_old(now)
        return self._found.get(url)

    def keep(self, url: str, body: bytes, media_type: str, *, now: datetime) -> Shown:
        self._drop(url)
        self._forget_old(now)
        shown = Shown(body, media_type, now)
        self._found[url] = shown
        self._bytes += len(body)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._found)))
        return shown

    def _forget_old(self, now: datetime) -> None:
        # The oldest stand first. A clock that was set back keeps nothing for longer.
        for url, shown in list(self._found.items()):
            if shown.at <= now < shown.at + KEPT:
                return
            self._drop(url)

    def _drop(self, url: str) -> None:
        gone = self._found.pop(url, None)
        self._bytes -= len(gone.body) if gone else 0
