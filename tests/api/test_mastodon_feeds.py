"""Mastodon.py with filters, lists, notices, conversations, searches and reports of a live node."""

import asyncio

from tests.api.open_node import OpenNode
from tests.api.test_mastodon_py import alder, signed_in

__all__ = ["alder"]


async def test_mastodon_py_keeps_filters_and_lists(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    def about() -> None:
        other = ben.me()
        ada.account_follow(other.id)
        made = ada.create_filter_v2(
            "Animals", ["home", "public"], "warn", keywords_attributes=[{"keyword": "snake", "whole_word": True}]
        )
        assert [each.keyword for each in ada.filters_v2()[0].keywords] == ["snake"]
        word = ada.add_filter_keyword_v2(made.id, "wasp", whole_word=True)
        changed = ada.update_filter_v2(
            made.id, title="Beasts", keywords_attributes=[{"id": word.id, "keyword": "hornet"}]
        )
        assert (changed.title, [each.keyword for each in changed.keywords]) == ("Beasts", ["snake", "hornet"])
        ada.delete_filter_keyword_v2(word.id)
        assert [each.keyword for each in ada.filter_keywords_v2(made.id)] == ["snake"]
        assert [each.phrase for each in ada.filters()] == ["snake"]
        old = ada.filter_create("quiz", ["home"])
        assert ada.filter_update(old.id, phrase="quizzes").phrase == "quizzes"
        ada.filter_delete(old.id)

        friends = ada.list_create("Friends", replies_policy="followed")
        ada.list_accounts_add(friends.id, [other.id])
        posted = ben.status_post("Look, a snake!")
        (shown,) = ada.timeline_list(friends.id)
        assert (shown.id, shown.filtered[0].filter.title, shown.filtered[0].keyword_matches) == (
            posted.id,
            "Beasts",
            ["snake"],
        )
        ada.delete_filter_v2(made.id)
        assert ada.status(posted.id).filtered == []
        assert [each.id for each in ada.list_accounts(friends.id)] == [other.id]
        assert [each.title for each in ada.account_lists(other.id)] == ["Friends"]
        assert ada.list_update(friends.id, "Colleagues", exclusive=True).exclusive is True
        ada.list_accounts_delete(friends.id, [other.id])
        assert ada.list_accounts(friends.id) == []
        ada.list_delete(friends.id)
        assert ada.lists() == []

    await asyncio.to_thread(about)


async def test_mastodon_py_is_told_of_what_happens(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    def about() -> None:
        posted = ada.status_post("A post on fractions #maths")
        ben.status_favourite(posted.id)
        ben.status_reblog(posted.id)
        said = ben.status_post("@ada Well done")
        ben.account_follow(ada.me().id)
        told = ada.notifications()
        assert [each.type for each in told] == ["follow", "mention", "reblog", "favourite"]
        assert told[1].status.id == said.id
        assert ada.notifications(told[3].id).status.id == posted.id
        assert [each.type for each in ada.notifications(types=["mention"])] == ["mention"]
        first = ada.notifications(limit=2)
        assert [each.type for each in ada.fetch_next(first) or []] == ["reblog", "favourite"]
        assert ada.notifications_unread_count().count == 4
        grouped = ada.grouped_notifications()
        assert [each.type for each in grouped.notification_groups] == ["follow", "mention", "reblog", "favourite"]
        liked = grouped.notification_groups[3]
        assert (liked.status_id, liked.notifications_count) == (posted.id, 1)
        assert [each.acct for each in ada.grouped_notification_accounts(liked.group_key)] == ["ben"]
        assert ada.unread_grouped_notifications_count() == 4
        ada.dismiss_grouped_notification(liked.group_key)
        ada.notifications_dismiss(told[0].id)
        assert [each.type for each in ada.notifications()] == ["mention", "reblog"]
        assert ada.update_notifications_policy(for_not_following="filter").summary.pending_requests_count == 1
        assert ada.notifications() == []
        (request,) = ada.notification_requests()
        assert (request.account.acct, request.last_status.id) == ("ben", said.id)
        ada.accept_notification_request(request.id)
        assert ada.notifications_merged() is True
        assert [each.type for each in ada.notifications()] == ["mention", "reblog"]
        ada.notifications_clear()
        assert ada.notifications() == []

    await asyncio.to_thread(about)


async def test_mastodon_py_searches_talks_and_reports(alder: OpenNode) -> None:
    ada, ben = [await signed_in(alder, name) for name in ("ada", "ben")]

    def about() -> None:
        other = ben.me()
        posted = ben.status_post("A post on #volcanoes")
        ada.status_bookmark(posted.id)
        assert [each.id for each in ada.search_v2("ben").accounts] == [other.id]
        assert [each.id for each in ada.search_v2(posted.url).statuses] == [posted.id]
        assert [each.id for each in ada.search_v2(other.url).accounts] == [other.id]
        found = ada.search_v2("volcanoes")
        assert ([each.id for each in found.statuses], [each.name for each in found.hashtags]) == (
            [posted.id],
            ["volcanoes"],
        )
        assert ada.search_v1("volcanoes", resolve=True).hashtags == ["volcanoes"]
        ada.account_block(other.id)
        assert [each.id for each in ada.search_v2("@ben").accounts] == [other.id]
        ada.account_unblock(other.id)

        whispered = ben.status_post("@ada Between us", visibility="direct")
        (talk,) = ada.conversations()
        assert (talk.last_status.id, talk.unread, [each.acct for each in talk.accounts]) == (
            whispered.id,
            True,
            ["ben"],
        )
        assert ada.conversations_read(talk.id).unread is False
        assert [each.unread for each in ben.conversations()] == [False]

        report = ada.report(other.id, status_ids=[posted.id], comment="Loud", category="spam")
        assert (report.category, report.target_account.id, report.status_ids) == ("spam", other.id, [str(posted.id)])

    await asyncio.to_thread(about)
