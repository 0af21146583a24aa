"""The only file that may ask the time."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """This moment, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; a test's clock may let them pass at once."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
