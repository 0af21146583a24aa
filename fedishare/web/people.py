"""People, schools and rooms: their pages, and what somebody may do with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.domain import markup, vocabularies
from fedishare.domain.kinds import Access, FollowState, Kind, Level, StewardRole
from fedishare.domain.permissions import Verb, may
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.pages import page, shared_page
from fedishare.http.routes import Allow, Handler, Routes
from fedishare.queries import handles, links, meetings, people, privacy, rooms, rulings, schools, sitemaps, timelines
from fedishare.queries.anthologies import FIRST, Summary, of_curator
from fedishare.queries.cards import Card, Face
from fedishare.queries.links import LinkLine
from fedishare.queries.meetings import Glance
from fedishare.queries.people import Profile, Relation
from fedishare.queries.rooms import RoomFacts
from fedishare.queries.schools import SchoolFacts
from fedishare.services import endorsements, follows, hearing, membership, mutes
from fedishare.web import anthologies, asked, choices, forms

SHOWN: Final = frozenset({"all", "resources", "talk", "questions", "unanswered", "news", "achievements"})
LIST_PAGE: Final = 50
HEARINGS: Final = (
    (Level.ALL, "Everything new"),
    (Level.MENTIONS, "Only what concerns me"),
    (Level.NOTHING, "Nothing, and keep it off my home page"),
)

routes: Final = Routes()
# A private room before whoever is not in it.
_SHUT: Final[dict[str, Any]] = {
    "is_member": False,
    "may_moderate": False,
    "may_own": False,
    "has_new_rules": False,
    "kind": "all",
    "level": "",
    "is_private": True,
    "business": None,
    "topic": "",
    "topics": (),
    "links": (),
    "may_rehome": False,
}


class Seen(NamedTuple):
    """A profile as one visitor sees it: `relation` is for others than oneself, `facts` for rooms."""

    who: Profile
    relation: Relation | None
    posts: list[Card]
    pinned: list[Card]
    tags: list[str]
    facts: RoomFacts | None
    business: Glance | None = None
    is_owner: bool = False
    has_new_rules: bool = False
    topics: tuple[str, ...] = ()
    level: Level = Level.MENTIONS
    school: SchoolFacts | None = None
    is_run: bool = False
    collections: Sequence[Summary] = ()
    collection: anthologies.Seen | None = None
    links: tuple[LinkLine, ...] = ()
    may_rehome: bool = False
    recommended: Sequence[Face] = ()


class Wish(NamedTuple):
    """What somebody wants to see of a profile."""

    handle: str
    viewer: int | None
    kind: str
    level: str | None
    topic: str | None
    before: int
    after: int = FIRST


class Circle(NamedTuple):
    who: Profile
    lines: list[tuple[int, Face]]


@routes.get("/@{handle}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    kind = request.query.get("show", "all")
    level = request.query.get("level") or None
    wish = Wish(
        handle=request.match_info["handle"],
        viewer=request[VISITOR].actor_id,
        kind=kind if kind in SHOWN else "all",
        level=level if kind == "resources" and vocabularies.level(level or "") else None,
        topic=markup.fold_tag(request.query.get("topic", "")) or None,
        before=asked.before(request),
        after=anthologies.after(request),
    )
    seen = await request.app[DATABASE].read(_see, request.app[HERE], wish)
    if seen.collection is not None:
        inside = seen.collection._asdict()
        return await shared_page(request, "collection.html", who=seen.who, relation=seen.relation, **inside)
    older = asked.older(
        f"/@{seen.who.handle}",
        seen.posts,
        show=wish.kind if wish.kind != "all" else None,
        level=wish.level,
        topic=wish.topic,
    )
    first = {post.id for post in seen.pinned}
    posts = [post for post in seen.posts if post.id not in first]
    values: dict[str, Any] = {"who": seen.who, "relation": seen.relation, "posts": posts, "older": older}
    values |= {"pinned": seen.pinned, "tags": seen.tags, "school": seen.school, "is_run": seen.is_run}
    values |= {"collections": seen.collections, "recommended": seen.recommended}
    if seen.facts is None:
        return await shared_page(request, "profile.html", **values)
    is_member = seen.relation is not None and seen.relation.following == FollowState.ACCEPTED
    is_private = seen.facts.access is Access.PRIVATE
    levels = choices.levels(request.app[SETTINGS].scheme)
    if is_private and not is_member:
        # What is behind the door is nobody's business, but that there is one can be seen.
        values["collections"] = ()
        return await page(request, "room.html", **values, **_SHUT, facts=seen.facts, levels=levels)
    choice: dict[str, Any] = {"kind": wish.kind, "level": wish.level or "", "levels": levels, "topic": wish.topic or ""}
    choice["topics"] = [(markup.fold_tag(label), label) for label in seen.topics]
    is_steward = any(face.id == request[VISITOR].actor_id for face in seen.facts.stewards)
    may_moderate = seen.who.local and may(request[VISITOR].role, Verb.MODERATE_ROOM, moderates=is_steward)
    standing: dict[str, Any] = {"is_member": is_member, "may_moderate": request[VISITOR].is_signed_in and may_moderate}
    standing |= {"hears": seen.level, "hearings": HEARINGS, "business": seen.business, "links": seen.links}
    standing |= {"is_private": is_private, "has_new_rules": is_member and seen.has_new_rules}
    standing["may_rehome"] = not seen.who.local and seen.who.moved_to is None and seen.may_rehome
    standing["may_own"] = seen.who.local and may(request[VISITOR].role, Verb.EDIT_ROOM, owns=seen.is_owner)
    shown = page if is_private else shared_page
    return await shown(request, "room.html", **values, **choice, facts=seen.facts, **standing)


def _see(tx: Connection, here: Here, wish: Wish) -> Seen:
    who = people.profile(tx, here, handle=wish.handle)
    is_known = wish.viewer is not None and wish.viewer != who.id
    relation = people.relation(tx, viewer=wish.viewer or 0, other=who.id) if is_known else None
    if who.kind is Kind.SERVICE:
        is_indexed = who.local and sitemaps.may_be_indexed(tx, actor_id=who.id)
        found = anthologies.see(tx, who, viewer=wish.viewer, after=wish.after, is_indexed=is_indexed)
        if found is not None:
            return Seen(who, relation, [], [], [], None, collection=found)
    # What stands first is not repeated on every page of older posts.
    is_first = wish.before == timelines.NEWEST and wish.kind == "all" and wish.topic is None
    pinned = timelines.pinned(tx, actor_id=who.id, viewer=wish.viewer) if is_first else []
    tags = people.featured_tags(tx, actor_id=who.id) if is_first else []
    collections = of_curator(tx, uri=who.uri) if is_first else []
    if who.kind != Kind.GROUP:
        posts = timelines.author(tx, actor_id=who.id, viewer=wish.viewer, before=wish.before)
        is_school = who.kind is Kind.ORGANISATION and who.local and is_first
        school = schools.facts(tx, school_id=who.id, viewer=wish.viewer) if is_school else None
        is_run = wish.viewer is not None and handles.is_active(tx, handle_id=who.id, actor_id=wish.viewer)
        endorsed = people.recommended(tx, actor_id=who.id) if is_first and who.local else []
        seen = Seen(who, relation, posts, pinned, tags, None, school=school, is_run=is_run, collections=collections)
        return seen._replace(recommended=endorsed)
    posts = timelines.room(
        tx,
        room_id=who.id,
        viewer=wish.viewer,
        kind=wish.kind,
        level=wish.level,
        topic=wish.topic,
        before=wish.before,
    )
    facts, topics = rooms.facts(tx, room_id=who.id), tuple(rooms.topics(tx, room_id=who.id))
    seen = Seen(who, relation, posts, pinned, tags, facts, topics=topics, collections=collections)
    if wish.viewer is None and facts.access is Access.PRIVATE:
        return seen
    is_linked = who.local and facts.access is not Access.PRIVATE
    linked = tuple(links.links(tx, room_id=who.id)) if is_linked else ()
    seen = seen._replace(business=meetings.glance(tx, room_id=who.id, viewer=wish.viewer), links=linked)
    if wish.viewer is None:
        return seen
    is_owner = rulings.role(tx, room_id=who.id, actor_id=wish.viewer) is StewardRole.OWNER
    terms = rooms.terms(tx, room_id=who.id, actor_id=wish.viewer, now=here.now())
    has_new = terms is not None and bool(terms.rules) and terms.accepted_version != terms.rules_version
    hears = rooms.level(tx, room_id=who.id, actor_id=wish.viewer)
    may_rehome = not who.local and rooms.looks_after(tx, room_id=who.id, actor_id=wish.viewer)
    return seen._replace(is_owner=is_owner, has_new_rules=has_new and not is_owner, level=hears, may_rehome=may_rehome)


@routes.get("/@{handle}/followers", allow=Allow.ANYONE)
async def followers(request: web.Request) -> web.Response:
    return await _circle(request, people.followers, {Kind.GROUP: "Members"}, "Followers")


@routes.get("/@{handle}/following", allow=Allow.ANYONE)
async def following(request: web.Request) -> web.Response:
    return await _circle(request, people.following, {}, "Following")


async def _circle(
    request: web.Request, side: Callable[..., list[tuple[int, Face]]], headings: Mapping[Kind, str], heading: str
) -> web.Response:
    def read(tx: Connection, here: Here, *, handle: str, before: int) -> Circle:
        who = people.profile(tx, here, handle=handle)
        if who.kind is Kind.GROUP and privacy.access(tx, room_id=who.id) is Access.PRIVATE:
            raise NotFound("There is nobody of that name here.")
        return Circle(who, side(tx, actor_id=who.id, before=before, limit=LIST_PAGE))

    handle = request.match_info["handle"]
    seen = await request.app[DATABASE].read(read, request.app[HERE], handle=handle, before=asked.before(request))
    older = f"{request.path}?before={seen.lines[-1][0]}" if len(seen.lines) == LIST_PAGE else None
    faces = [face for _, face in seen.lines]
    said = headings.get(seen.who.kind, heading)
    return await page(request, "faces.html", who=seen.who, heading=said, faces=faces, older=older)


def _follow(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    membership.follow(tx, here, follower_id=mine, followee_id=other)


def _unfollow(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    follows.undo(tx, here, follower_id=mine, followee_id=other)


def _block(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    follows.block(tx, here, blocker_id=mine, blocked_id=other)


def _unblock(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    follows.unblock(tx, here, blocker_id=mine, blocked_id=other)


def _mute(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    mutes.mute(tx, here, muter_id=mine, muted_id=other)


def _unmute(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    mutes.unmute(tx, muter_id=mine, muted_id=other)


def _show_boosts(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    hearing.show_boosts(tx, follower_id=mine, followee_id=other, wanted=True)


def _hide_boosts(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    hearing.show_boosts(tx, follower_id=mine, followee_id=other, wanted=False)


def _tell_of_each(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    hearing.notify(tx, follower_id=mine, followee_id=other, wanted=True)


def _tell_not_of_each(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    hearing.notify(tx, follower_id=mine, followee_id=other, wanted=False)


def _recommend(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    endorsements.endorse(tx, here, actor_id=mine, other_id=other)


def _recommend_not(tx: Connection, _here: Here, *, mine: int, other: int) -> None:
    endorsements.withdraw(tx, actor_id=mine, other_id=other)


def _agree(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    follows.accept(tx, here, follower_id=other, followee_id=mine)


def _refuse(tx: Connection, here: Here, *, mine: int, other: int) -> None:
    follows.reject(tx, here, follower_id=other, followee_id=mine)


def _button(change: Callable[..., None], *, onward: str) -> Handler:
    async def press(request: web.Request) -> web.Response:
        form = await forms.read(request)
        other = asked.whole(form.text("actor"))
        if other is None:
            raise Invalid("This form does not say who is meant. Please go back and try again.")
        await request.app[DATABASE].write(
            _with_somebody, request.app[HERE], change, mine=asked.me(request), other=other
        )
        return asked.go(form.text("next") or onward)

    return press


def _with_somebody(tx: Connection, here: Here, change: Callable[..., None], *, mine: int, other: int) -> None:
    somebody = people.by_id(tx, actor_id=other)
    if somebody.kind is Kind.NODE and somebody.local:
        raise NotFound("There is nobody of that name here.")
    change(tx, here, mine=mine, other=other)


for _path, _change in (
    ("/follow", _follow),
    ("/unfollow", _unfollow),
    ("/block", _block),
    ("/unblock", _unblock),
    ("/mute", _mute),
    ("/unmute", _unmute),
    ("/follow/boosts/show", _show_boosts),
    ("/follow/boosts/hide", _hide_boosts),
    ("/follow/notices/on", _tell_of_each),
    ("/follow/notices/off", _tell_not_of_each),
    ("/recommend", _recommend),
    ("/recommend/off", _recommend_not),
    ("/requests/accept", _agree),
    ("/requests/reject", _refuse),
):
    routes.post(_path)(_button(_change, onward="/notices" if _path.startswith("/requests") else "/"))
