"""Mastodon.py, as bots and screen readers use it, signs in and goes about."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonUnauthorizedError

from fedishare.db.engine import Database
from tests.api.open_node import OpenNode, open_node

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
SCOPES: Final = ["read", "write", "follow", "push"]


@pytest.fixture
async def alder(
    database_url: str,
    db: Database,  # noqa: ARG001 -- which is emptied afterwards
    tmp_path: Path,
) -> AsyncIterator[OpenNode]:
    async with open_node(database_url, tmp_path) as node:
        await node.enrol("ada", name="Ada")
        await node.enrol("ben", name="Ben")
        yield node


async def signed_in(node: OpenNode, username: str) -> Mastodon:
    """As its documentation says: register, ask, have somebody agree, exchange."""
    create = Mastodon.create_app
    client_id, secret = await asyncio.to_thread(
        create, "TWBlue", scopes=SCOPES, redirect_uris=OUT_OF_BAND, api_base_url=node.url
    )
    app = await asyncio.to_thread(Mastodon, client_id, secret, api_base_url=node.url)
    asked = await asyncio.to_thread(app.auth_request_url, scopes=SCOPES, redirect_uris=OUT_OF_BAND, allow_http=True)
    told = await node.allow(asked, username)
    await asyncio.to_thread(app.log_in, code=told["code"], redirect_uri=OUT_OF_BAND, scopes=SCOPES, allow_http=True)
    return app


async def test_mastodon_py_signs_in_and_finds_its_way_about(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    def about() -> None:
        me, other = ada.account_verify_credentials(), ben.me()
        assert (me.username, other.username) == ("ada", "ben")
        assert ada.app_verify_credentials().name == "TWBlue"
        assert ada.retrieve_mastodon_version().startswith("4.5.0")
        assert ada.instance_v2().title == "Alder Primary"
        assert ada.instance_v1().uri
        assert ada.account_follow(other.id).following is True
        assert [each.username for each in ben.account_followers(other.id)] == ["ada"]
        assert ada.account_relationships([other.id])[0].following is True
        assert ada.account_note_set(other.id, "Maths hub").note == "Maths hub"
        assert ada.account_mute(other.id).muting is True
        assert [each.id for each in ada.mutes()] == [other.id]
        assert ada.account_unmute(other.id).muting is False
        assert ada.account_block(other.id).blocking is True
        assert [each.id for each in ada.blocks()] == [other.id]
        assert ada.account_unblock(other.id).following is False
        changed = ada.account_update_credentials(
            display_name="Ada L.", note="Maths", fields=[("Site", "https://a.example")]
        )
        assert (changed.display_name, changed.source.fields[0].name) == ("Ada L.", "Site")
        assert ada.preferences()["posting:default:visibility"] == "public"
        assert ada.tag_follow("fractions").following is True
        assert [each.name for each in ada.followed_tags()] == ["fractions"]
        assert ada.markers_set("home", 100)["home"].last_read_id == "100"
        assert ada.custom_emojis() == []
        assert ada.announcements() == []
        assert [each.id for each in ada.account_search("ben")] == [other.id]
        assert ada.account_lookup("ben").id == other.id

    await asyncio.to_thread(about)


async def test_what_mastodon_py_gave_back_opens_nothing(alder: OpenNode) -> None:
    app = await signed_in(alder, "ada")
    token = app.access_token

    await asyncio.to_thread(app.revoke_access_token, allow_http=True)
    again = await asyncio.to_thread(Mastodon, access_token=token, api_base_url=alder.url)

    with pytest.raises(MastodonUnauthorizedError):
        await asyncio.to_thread(again.account_verify_credentials)
