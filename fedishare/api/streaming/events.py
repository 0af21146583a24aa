"""From what happened to what each listener is told: who may see it is asked anew for everybody, at that moment."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, Who
from fedishare.api.streaming import payloads
from fedishare.api.streaming.channels import DIRECT, LIST, NOTIFICATIONS, USER, Channel
from fedishare.api.streaming.listeners import Message
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import HappeningKind
from fedishare.queries import lists, streams, tokens
from fedishare.queries.happenings import NewPost, News
from fedishare.queries.streams import Line

UPDATE: Final = "update"
STATUS_UPDATE: Final = "status.update"
DELETE: Final = "delete"
NOTIFICATION: Final = "notification"
CONVERSATION: Final = "conversation"
FILTERS_CHANGED: Final = "filters_changed"
MAY_HEAR_NOTICES: Final = "read:notifications"
MOST_AT_ONCE: Final = 400


class Ear(NamedTuple):
    """Somebody's connection, as far as it decides what they are told."""

    who: Who
    channels: frozenset[Channel]

    @property
    def viewer(self) -> int:
        return self.who.actor_id or 0


class Homes(NamedTuple):
    """Which new entries, and which posts that something happened to, are in whose home; and who follows whom."""

    laid: Mapping[int, Sequence[Line]]
    held: Mapping[int, Sequence[Line]]
    following: frozenset[tuple[int, int]]


class Telling(NamedTuple):
    """One round of news. `made` holds what others are told in the same words."""

    call: Call
    news: News
    homes: Homes
    made: dict[tuple[Channel, str, str | None], Message]


def told(tx: Connection, call: Call, news: News, ears: Sequence[Ear]) -> list[list[Message] | None]:
    """What each of them is told, in order; None for one whose token no longer stands."""
    standing = tokens.still(tx, ids={ear.who.token_id for ear in ears if ear.who.token_id is not None})
    listening = [ear for ear in ears if ear.who.token_id in standing]
    homes = _homes(tx, news, listening)
    # By token and not only by viewer, because the addresses of private pictures are good for one token alone.
    by_token: dict[int | None, list[Ear]] = defaultdict(list)
    for ear in listening:
        by_token[ear.who.token_id].append(ear)
    telling, found = Telling(call, news, homes, {}), dict[Ear, list[Message]]()
    for theirs in by_token.values():
        found |= _of_token(tx, telling, theirs)
    return [found.get(ear, []) if ear.who.token_id in standing else None for ear in ears]


class Event(NamedTuple):
    """Something that belongs in a stream, if the viewer may know of it: `post_id` is what they have to see for that."""

    name: str
    subject_id: int = 0
    post_id: int = 0


def _homes(tx: Connection, news: News, ears: Iterable[Ear]) -> Homes:
    readers = {ear.viewer for ear in ears if any(channel.name == USER for channel in ear.channels)}
    entries = {post.id for post in news.posts} | {boost.id for boost in news.boosts}
    edited = {one.subject_id for one in news.happened if one.kind is HappeningKind.EDIT}
    ended = {HappeningKind.DELETE, HappeningKind.UNBOOST}
    actors = {one.actor_id for one in news.happened if one.kind in ended}
    return Homes(
        _by_reader(streams.laid(tx, readers=readers, entries=entries)),
        _by_reader(streams.held(tx, readers=readers, posts=edited)),
        frozenset(streams.following(tx, readers=readers, actors=actors)),
    )


def _by_reader(lines: Iterable[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for line in sorted(lines):
        found[line.reader_id].append(line)
    return found


def _of_token(tx: Connection, telling: Telling, ears: Sequence[Ear]) -> dict[Ear, list[Message]]:
    """What all connections of one app of somebody are told."""
    viewer = ears[0].viewer
    wanted = frozenset[Channel]().union(*(ear.channels for ear in ears))
    belongs = {channel: _belonging(tx, channel, viewer, telling) for channel in wanted}
    call = msgspec.structs.replace(telling.call, who=ears[0].who)
    texts = _texts(tx, call, viewer, [event for events in belongs.values() for event in events])

    def message(channel: Channel, event: Event) -> Message:
        key = (channel, event.name, texts[event])
        return telling.made.setdefault(key, Message(*key))

    return {
        ear: [
            message(channel, event)
            for channel in sorted(ear.channels)
            for event in belongs[channel]
            if event in texts and (event.name != NOTIFICATION or ear.who.may(MAY_HEAR_NOTICES))
        ]
        for ear in ears
    }


def _belonging(tx: Connection, channel: Channel, viewer: int, telling: Telling) -> list[Event]:
    """What belongs in a stream, as far as that does not depend on what the viewer may see."""
    if channel.name == USER:
        return [*_of_home(viewer, telling.news, telling.homes), *_of_notices(viewer, telling.news)]
    if channel.name == NOTIFICATIONS:
        return _of_notices(viewer, telling.news)
    if channel.name == DIRECT:
        private = (post for post in telling.news.posts if post.visibility is Visibility.MENTIONED)
        return [Event(CONVERSATION, post.id, post.id) for post in private]
    if channel.name == LIST:
        return _of_list(tx, channel.list_id, viewer, telling.news)
    return _of_public(channel, telling.news)


def _of_home(viewer: int, news: News, homes: Homes) -> list[Event]:
    held = {line.post_id for line in homes.held.get(viewer, ())}
    others = {post.id: post for post in news.others}
    events = [Event(UPDATE, line.entry_id, line.post_id) for line in homes.laid.get(viewer, ())]
    for kind, subject_id, actor_id in news.happened:
        is_near = viewer == actor_id or (viewer, actor_id) in homes.following
        match kind:
            case HappeningKind.EDIT if subject_id in held and subject_id in others:
                events.append(Event(STATUS_UPDATE, subject_id, subject_id))
            case HappeningKind.DELETE if subject_id in others and (is_near or _is_private(others[subject_id])):
                events.append(Event(DELETE, subject_id, subject_id))
            case HappeningKind.UNBOOST if is_near:
                events.append(Event(DELETE, subject_id))
            case HappeningKind.FILTERS if viewer == actor_id:
                events.append(Event(FILTERS_CHANGED))
            case _:
                pass
    return list(dict.fromkeys(events))


def _is_private(post: NewPost) -> bool:
    return post.visibility not in OPEN


def _of_notices(viewer: int, news: News) -> list[Event]:
    return [Event(NOTIFICATION, one.id) for one in news.told if one.recipient_id == viewer]


def _of_list(tx: Connection, list_id: int, owner: int, news: News) -> list[Event]:
    """What those on a list wrote and boosted, and what became of it."""
    came = {post.id: post.id for post in news.posts} | {boost.id: boost.post_id for boost in news.boosts}
    shown = _on_list(tx, list_id, owner, came) if came else set()
    events = [Event(UPDATE, entry, came[entry]) for entry in sorted(shown)]
    others = {post.id for post in news.others}
    for kind, subject_id, actor_id in news.happened:
        match kind:
            case HappeningKind.EDIT if subject_id in others and _on_list(tx, list_id, owner, {subject_id}):
                events.append(Event(STATUS_UPDATE, subject_id, subject_id))
            case HappeningKind.DELETE if subject_id in others and _is_member(tx, list_id, owner, actor_id):
                events.append(Event(DELETE, subject_id, subject_id))
            case HappeningKind.UNBOOST if _is_member(tx, list_id, owner, actor_id):
                events.append(Event(DELETE, subject_id))
            case _:
                pass
    return list(dict.fromkeys(events))


def _on_list(tx: Connection, list_id: int, owner: int, entries: Collection[int]) -> set[int]:
    lowest, highest = min(entries), max(entries)
    found = lists.timeline(
        tx, list_id=list_id, owner_id=owner, before=highest + 1, above=lowest - 1, limit=MOST_AT_ONCE
    )
    return set(found or ()) & set(entries)


def _is_member(tx: Connection, list_id: int, owner: int, actor_id: int) -> bool:
    return any(row.id == list_id for row in lists.with_actor(tx, owner_id=owner, actor_id=actor_id))


def _of_public(channel: Channel, news: News) -> list[Event]:
    names = {HappeningKind.EDIT: STATUS_UPDATE, HappeningKind.DELETE: DELETE}
    others = {post.id: post for post in news.others if channel.holds(post)}
    events = [Event(UPDATE, post.id, post.id) for post in news.posts if channel.holds(post)]
    events += [
        Event(names[one.kind], one.subject_id, one.subject_id)
        for one in news.happened
        if one.kind in names and one.subject_id in others
    ]
    return list(dict.fromkeys(events))


def _texts(tx: Connection, call: Call, viewer: int, events: Iterable[Event]) -> dict[Event, str | None]:
    """The payload of each event that the viewer may know of."""
    by_name: dict[str, list[Event]] = defaultdict(list)
    for event in dict.fromkeys(events):
        by_name[event.name].append(event)
    shown, said = by_name[UPDATE] + by_name[STATUS_UPDATE], by_name[CONVERSATION]
    seen = streams.seen(tx, viewer=viewer, posts={event.post_id for event in shown + said})
    knew = streams.knew(tx, viewer=viewer, posts={event.post_id for event in by_name[DELETE] if event.post_id})
    posts = payloads.posts(tx, call, {event.subject_id for event in shown if event.post_id in seen})
    notices = payloads.told(tx, call, {event.subject_id for event in by_name[NOTIFICATION]})
    talks = payloads.talked(tx, call, {event.subject_id for event in said if event.post_id in seen})
    found: dict[Event, str | None] = dict.fromkeys(by_name[FILTERS_CHANGED])
    for some, texts in ((shown, posts), (by_name[NOTIFICATION], notices), (said, talks)):
        found |= {event: texts[event.subject_id] for event in some if event.subject_id in texts}
    gone = [event for event in by_name[DELETE] if not event.post_id or event.post_id in knew]
    return found | {event: str(event.subject_id) for event in gone}
