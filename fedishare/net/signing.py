"""Signatures made beside the event loop, a few at a time where many are wanted.

One takes a third of a millisecond or more: too long to hold up everybody else. To hand work to a
thread and back costs a tenth of that, so whatever has come together meanwhile goes in one hand.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from fedishare.core.errors import Unreachable

THREADS: Final = 2
# More would make the first of them wait for the last.
TOGETHER: Final = 4

Headers: TypeAlias = dict[str, str]
Sign: TypeAlias = Callable[[], Headers]


class _Waiting(NamedTuple):
    sign: Sign
    signed: asyncio.Future[Headers]


class SigningRoom:
    """Two threads that sign. Belongs to the event loop in which it is used."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sign")
        self._waiting: list[_Waiting] = []
        self._busy = 0
        self._is_closed = False

    async def __call__(self, sign: Sign) -> Headers:
        """What `sign` answers or raises."""
        if self._is_closed:
            raise Unreachable("This server is not ready to talk to others.")
        one = _Waiting(sign, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._begin()
        return await one.signed

    def close(self) -> None:
        """Whoever still waits is told so."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for one in self._waiting:
            one.signed.cancel()
        self._waiting = []

    def _begin(self) -> None:
        while self._waiting and self._busy < THREADS:
            share = min(TOGETHER, -(-len(self._waiting) // (THREADS - self._busy)))
            taken, self._waiting = self._waiting[:share], self._waiting[share:]
            wanted = [one for one in taken if not one.signed.done()]  # Others have given up.
            if not wanted:
                continue
            self._busy += 1
            work, loop = self._pool.submit(_all, [one.sign for one in wanted]), asyncio.get_running_loop()
            work.add_done_callback(partial(self._bring, loop, wanted))

    def _bring(
        self, loop: asyncio.AbstractEventLoop, taken: list[_Waiting], done: "Future[list[Headers | Exception]]"
    ) -> None:
        """Back into the event loop, which may have ended meanwhile."""
        if not done.cancelled() and not loop.is_closed():
            loop.call_soon_threadsafe(self._end, taken, done.result())

    def _end(self, taken: list[_Waiting], answers: list[Headers | Exception]) -> None:
        self._busy -= 1
        for one, answer in zip(taken, answers, strict=True):
            if one.signed.done():
                continue
            if isinstance(answer, Exception):
                one.signed.set_exception(answer)
            else:
                one.signed.set_result(answer)
        if not self._is_closed:
            self._begin()


def _all(signs: list[Sign]) -> list[Headers | Exception]:
    return [_one(sign) for sign in signs]


def _one(sign: Sign) -> Headers | Exception:
    try:
        return sign()
    except Exception as error:  # noqa: BLE001 -- raised again where it was asked for
        return error
