"""Mastodon.py posts, attaches, asks, edits, boosts and pages through timelines of a live node."""

import asyncio
import io
from datetime import UTC, datetime, timedelta

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonNotFoundError
from PIL import Image

from tests.api.open_node import OpenNode
from tests.api.test_mastodon_py import alder, signed_in

__all__ = ["alder"]


def a_picture() -> io.BytesIO:
    written = io.BytesIO()
    Image.new("RGB", (32, 16), "teal").save(written, "PNG")
    written.seek(0)
    return written


async def test_mastodon_py_posts_and_reads(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    await asyncio.to_thread(_post_and_read, ada, ben)
    await asyncio.to_thread(_attach, ada)
    await asyncio.to_thread(_ask, ada, ben)
    await asyncio.to_thread(_react, ada, ben)
    await asyncio.to_thread(_wait, ada)
    await asyncio.to_thread(_page, ada, ben)


def _post_and_read(ada: Mastodon, ben: Mastodon) -> None:
    post = ada.status_post(
        "Hello @ben #fractions", visibility="unlisted", spoiler_text="Maths", language="en", idempotency_key="once"
    )
    again = ada.status_post("Hello @ben #fractions", visibility="unlisted", idempotency_key="once")
    assert (post.id, post.visibility, post.application.name) == (again.id, "unlisted", "TWBlue")
    assert [each.acct for each in post.mentions] == ["ben"]
    assert ben.status(post.id).content == post.content
    answer = ben.status_reply(post, "Hello back")
    assert (answer.in_reply_to_id, answer.in_reply_to_account_id) == (post.id, post.account.id)
    around = ada.status_context(post.id)
    assert [each.id for each in around.descendants] == [answer.id]
    assert ada.status_source(post.id).text == "Hello @ben #fractions"
    edited = ada.status_update(post.id, "Hello again", spoiler_text="Maths")
    assert edited.edited_at is not None
    assert [each.content for each in ada.status_history(post.id)][-1] == "<p>Hello again</p>"
    secret = ada.status_post("For nobody", visibility="direct")
    with pytest.raises(MastodonNotFoundError):
        ben.status(secret.id)
    gone = ada.status_delete(post.id)
    assert gone.text == "Hello again"
    with pytest.raises(MastodonNotFoundError):
        ben.status(post.id)


def _attach(ada: Mastodon) -> None:
    media = ada.media_post(
        a_picture(), mime_type="image/png", description="A wall", focus=(0.5, -0.5), synchronous=True
    )
    assert (media.type, media.description, media.meta.focus.x) == ("image", "A wall", 0.5)
    assert ada.media_update(media, description="A fraction wall").description == "A fraction wall"
    post = ada.status_post("Look", media_ids=[media], sensitive=True)
    assert (post.sensitive, post.media_attachments[0].description) == (True, "A fraction wall")
    attribute = ada.generate_media_edit_attributes(media, description="Another wall")
    edited = ada.status_update(post.id, "Look", media_attributes=[attribute])
    assert edited.media_attachments[0].description == "Another wall"


def _ask(ada: Mastodon, ben: Mastodon) -> None:
    asked = ada.make_poll(["Tea", "Coffee"], expires_in=3600, multiple=False)
    post = ada.status_post("What shall we have?", poll=asked)
    assert [option.title for option in post.poll.options] == ["Tea", "Coffee"]
    voted = ben.poll_vote(post.poll.id, [1])
    assert (voted.voted, voted.own_votes, voted.options[1].votes_count) == (True, [1], 1)
    assert ben.poll(post.poll.id).votes_count == 1


def _react(ada: Mastodon, ben: Mastodon) -> None:
    post = ada.status_post("Worth it", visibility="public")
    assert ben.status_favourite(post.id).favourited is True
    assert ben.status_bookmark(post.id).bookmarked is True
    boost = ben.status_reblog(post.id)
    assert (boost.reblog.id, boost.id != post.id) == (post.id, True)
    assert [each.id for each in ben.favourites()] == [post.id] == [each.id for each in ben.bookmarks()]
    assert [each.acct for each in ada.status_favourited_by(post.id)] == ["ben"]
    assert [each.acct for each in ada.status_reblogged_by(post.id)] == ["ben"]
    assert ada.status_pin(post.id).pinned is True
    assert ada.status_unpin(post.id).pinned is False
    assert ada.status_mute(post.id).muted is True
    assert ada.status_unmute(post.id).muted is False
    assert ben.status_unfavourite(post.id).favourited is False
    assert ben.status_unbookmark(post.id).bookmarked is False
    assert ben.status_unreblog(post.id).reblogged is False


def _wait(ada: Mastodon) -> None:
    later = datetime.now(tz=UTC) + timedelta(hours=2)
    waiting = ada.status_post("Later", scheduled_at=later)
    assert waiting.params.text == "Later"
    moved = ada.scheduled_status_update(waiting.id, later + timedelta(hours=1))
    assert moved.scheduled_at > waiting.scheduled_at
    assert [each.id for each in ada.scheduled_statuses()] == [waiting.id]
    ada.scheduled_status_delete(waiting.id)
    assert ada.scheduled_statuses() == []


def _page(ada: Mastodon, ben: Mastodon) -> None:
    posts = [ada.status_post(f"Lesson {number} #series", visibility="public").id for number in range(7)]
    wanted = [str(each) for each in posts[::-1]]

    first = ben.timeline_hashtag("series", limit=3)
    assert [str(each.id) for each in first] == wanted[:3]
    second = ben.fetch_next(first)
    assert second is not None
    assert [str(each.id) for each in second] == wanted[3:6]
    before = ben.fetch_previous(second)
    assert before is not None
    assert [str(each.id) for each in before] == wanted[:3]
    assert [str(each.id) for each in ben.fetch_remaining(first)] == wanted
    assert [str(each.id) for each in ben.timeline_local(limit=2)] == wanted[:2]
    assert [str(each.id) for each in ada.timeline_home(min_id=posts[0], limit=2)] == wanted[-3:-1]
    assert len(ben.timeline_public(only_media=True)) == 1
