"""Mastodon.py listens to a live node, as bots and screen readers do."""

import asyncio
from contextlib import suppress
from queue import Empty, Queue
from typing import Any, Final

from mastodon import Mastodon, StreamListener

from tests.api.open_node import OpenNode
from tests.api.test_mastodon_py import alder, signed_in

__all__ = ["alder"]

PATIENCE: Final = 60.0


class Ear(StreamListener):
    """What it was told, by name and by the id of what it is about."""

    def __init__(self) -> None:
        self.began = Queue[None]()
        self.told = Queue[tuple[str, str]]()

    def handle_heartbeat(self) -> None:
        self.began.put(None)

    def on_update(self, status: Any) -> None:
        self.told.put(("update", str(status.id)))

    def on_status_update(self, status: Any) -> None:
        self.told.put(("status.update", str(status.id)))

    def on_delete(self, status_id: Any) -> None:
        self.told.put(("delete", str(status_id)))

    def on_notification(self, notification: Any) -> None:
        self.told.put((f"notification {notification.type}", str(notification.status.id)))

    def on_conversation(self, conversation: Any) -> None:
        self.told.put(("conversation", str(conversation.last_status.id)))

    def on_filters_changed(self) -> None:
        self.told.put(("filters_changed", ""))

    def next(self) -> tuple[str, str]:
        return self.told.get(timeout=PATIENCE)


def listening(app: Mastodon, by: str, ear: Ear, *what: Any) -> Any:
    handle = getattr(app, f"stream_{by}")(*what, ear, run_async=True)
    ear.began.get(timeout=PATIENCE)
    return handle


def wake(app: Mastodon, ear: Ear) -> None:
    """Until what happens is heard."""
    heard: tuple[str, str] | None = None
    while heard is None:
        app.status_post("Is anybody listening?")
        with suppress(Empty):
            heard = ear.told.get(timeout=2.0)


async def test_mastodon_py_hears_what_happens(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    def about() -> None:
        assert ada.stream_healthy() is True
        home, direct, tagged, notices = Ear(), Ear(), Ear(), Ear()
        handles = [
            listening(ada, "user", home),
            listening(ada, "direct", direct),
            listening(ada, "hashtag", tagged, "Maths"),
            listening(ada, "user_notifications", notices),
        ]
        wake(ada, home)
        own = ada.status_post("Fractions #maths")
        while home.next() != ("update", str(own.id)):
            pass
        assert tagged.next() == ("update", str(own.id))
        ada.status_update(own.id, "Fractions for all #maths")
        assert (home.next(), tagged.next()) == (("status.update", str(own.id)), ("status.update", str(own.id)))
        said = ben.status_post("@ada Between us", visibility="direct")
        assert notices.next() == ("notification mention", str(said.id))
        assert direct.next() == ("conversation", str(said.id))
        ada.create_filter_v2("Snakes", ["home"], "warn")
        ada.status_delete(own.id)
        rest = {home.next() for _ in range(3)}
        assert rest == {("filters_changed", ""), ("delete", str(own.id)), ("notification mention", str(said.id))}
        for handle in handles:
            handle.close()

    await asyncio.to_thread(about)
