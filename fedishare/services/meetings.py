"""Meetings of a room: called, filled with items, run, minuted. What others are told is a post like any other.

Agenda, order, minutes and reports are posts with a paper (services.papers). What is written while a
meeting runs stays on this node until the minutes are published.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.meetings import AgendaItem, DraftAction, Sheet
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.domain import days, markup
from fedishare.domain import papers as words
from fedishare.domain.audience import Visibility
from fedishare.domain.papers import (
    LONGEST_HEADLINE,
    LONGEST_NOTES,
    MOST_ACTIONS,
    ActionPaper,
    ItemPaper,
    Left,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Paper,
    Part,
    Record,
    ReportPaper,
    Told,
)
from fedishare.queries import meetings
from fedishare.queries.meetings import Hall, ItemLine, MeetingLine, SheetRow
from fedishare.services import papers, posts
from fedishare.services.drafts import Change, Draft

PERSON: Final = select(Actor.id, Actor.uri, Actor.username, Actor.domain, Actor.local, Actor.name).where(
    Actor.id == bindparam("actor"), Actor.deleted_at.is_(None)
)
PEOPLE: Final = select(Actor.id, Actor.uri, Actor.username, Actor.domain, Actor.local, Actor.name).where(
    Actor.id.in_(bindparam("ids", expanding=True))
)
URI_OF: Final = select(Post.uri).where(Post.id == bindparam("post"))
BEGIN: Final = insert(Sheet).on_conflict_do_nothing(index_elements=["meeting_id", "item_id"])
WRITE: Final = (
    update(Sheet)
    .where(
        Sheet.meeting_id == bindparam("meeting"),
        Sheet.item_id == bindparam("item"),
        Sheet.version == bindparam("expected"),
    )
    .values(
        notes=bindparam("new_notes"),
        decisions=bindparam("new_decisions"),
        present=bindparam("new_present"),
        apologies=bindparam("new_apologies"),
        links=bindparam("new_links"),
        is_reached=bindparam("new_is_reached"),
        editor_id=bindparam("new_editor"),
        version=Sheet.version + 1,
    )
    .returning(Sheet.version)
)
POSITION: Final = update(AgendaItem).where(AgendaItem.post_id == bindparam("item")).values(position=bindparam("place"))
ADD_ACTION: Final = insert(DraftAction)
DROP_ACTION: Final = delete(DraftAction).where(
    DraftAction.id == bindparam("action"), DraftAction.meeting_id == bindparam("meeting")
)


class Person(NamedTuple):
    id: int
    uri: str
    username: str
    domain: str
    local: bool
    name: str

    @property
    def handle(self) -> str:
        return f"{self.username}@{self.domain}"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed to call a meeting; `starts` is ISO 8601 without a zone."""

    title: str
    starts: str
    place: str = ""
    note: str = ""
    secretary_id: int | None = None
    is_cancelled: bool = False


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed about one item, or about the meeting, and the version that they saw before."""

    version: int
    notes: str = ""
    decisions: str = ""
    present: str = ""
    apologies: str = ""
    links: str = ""
    is_reached: bool = False


class Clash(msgspec.Struct, frozen=True):
    """Somebody else saved meanwhile. `both` has their words and then one's own, for the next try."""

    theirs: SheetRow
    both: Notes


def may_run(tx: Connection, line: MeetingLine, *, actor_id: int) -> bool:
    """Whether somebody looks after the meeting's room, or is its secretary."""
    who = _person(tx, actor_id)
    return papers.may_run(tx, room_id=line.room_id, actor_id=who.id, actor_uri=who.uri, meeting=line.uri)


def may_call(tx: Connection, *, room_id: int, actor_id: int) -> bool:
    who = _person(tx, actor_id)
    return papers.may_run(tx, room_id=room_id, actor_id=who.id, actor_uri=who.uri)


def call(tx: Connection, here: Here, *, author_id: int, room_id: int, asked: Call) -> int:
    """A meeting of a room; its post is what the members see. Raises Invalid, Refused or NotFound."""
    hall = meetings.hall(tx, room_id=room_id)
    if not may_call(tx, room_id=room_id, actor_id=author_id):
        raise Refused("Only those who look after the room, or its secretary, can call a meeting.")
    paper, text, people = _called(tx, asked)
    draft = Draft(text=text, title=_title(asked), room=room_id, visibility=_audience(hall))
    named = _named(draft.visibility, people)
    return _publish(tx, here, author_id=author_id, draft=draft, people=named, paper=paper)


def change(tx: Connection, here: Here, *, author_id: int, meeting_id: int, asked: Call) -> None:
    """Another time or place, or called off; whoever called the meeting can say so."""
    line = meetings.meeting(tx, meeting_id=meeting_id, viewer=author_id)
    if line.author_id != author_id:
        raise Refused("Only whoever called the meeting can change it.")
    paper, text, people = _called(tx, asked)
    said = Change(text=text, title=_title(asked))
    named = _named(line.visibility, people)
    _revise(tx, here, line.id, author_id=author_id, paper=paper, change=said, people=named)


def _called(tx: Connection, asked: Call) -> tuple[MeetingPaper, str, dict[str, int]]:
    if not asked.title.strip():
        raise Invalid("Give the meeting a name, such as Spring term meeting.")
    secretary = _person(tx, asked.secretary_id) if asked.secretary_id is not None else None
    paper = MeetingPaper(
        starts=days.read_time(asked.starts),
        place=markup.text(asked.place, limit=LONGEST_HEADLINE),
        note=asked.note[:LONGEST_NOTES],
        secretary=secretary.uri if secretary is not None else None,
        is_cancelled=asked.is_cancelled,
    )
    text = words.meeting_text(paper, secretary=secretary.handle if secretary is not None else None)
    return paper, text, {secretary.handle: secretary.id} if secretary is not None else {}


def _title(asked: Call) -> str:
    return markup.text(asked.title, limit=LONGEST_HEADLINE)


def add_item(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    room_id: int,
    meeting_id: int | None,
    headline: str,
    details: str = "",
) -> int:
    """Put something on the agenda of a meeting, or of whichever comes next. Any member may."""
    line = meetings.meeting(tx, meeting_id=meeting_id, viewer=author_id) if meeting_id is not None else None
    if line is not None and not line.is_open:
        raise Invalid("This meeting is over. Put it on the agenda of the next one.")
    hall = meetings.hall(tx, room_id=line.room_id if line is not None else room_id)
    refused = papers.why_not(
        tx, room_id=hall.face.id, author_id=author_id, author_uri="", paper=ItemPaper(headline=headline)
    )
    if refused is not None:
        raise Refused("Join the room first; then you can add to its agenda.")
    said = markup.text(headline, limit=LONGEST_HEADLINE)
    if not said:
        raise Invalid("Say in a few words what is to be discussed.")
    paper = ItemPaper(headline=said, meeting=line.uri if line is not None else None)
    draft = Draft(
        text=words.item_text(paper, details[:LONGEST_NOTES]),
        in_reply_to=line.id if line is not None else None,
        title=said if line is None else None,
        room=hall.face.id if line is None else None,
        visibility=line.visibility if line is not None else _audience(hall),
    )
    return _publish(tx, here, author_id=author_id, draft=draft, people={}, paper=paper)


def move(tx: Connection, *, actor_id: int, meeting_id: int, item_id: int, up: bool) -> None:
    """One place up or down on the agenda. The others see it when it is sent round."""
    line = _run(tx, meeting_id=meeting_id, actor_id=actor_id)
    ids = [item.id for item in meetings.agenda(tx, line, viewer=actor_id)]
    if item_id not in ids:
        raise NotFound("This is no longer on the agenda.")
    at = ids.index(item_id)
    to = at - 1 if up else at + 1
    if 0 <= to < len(ids):
        ids[at], ids[to] = ids[to], ids[at]
    for place, each in enumerate(ids, start=1):
        tx.execute(POSITION, {"item": each, "place": place})


def send_agenda(tx: Connection, here: Here, *, author_id: int, meeting_id: int) -> int:
    """Tell the members what is on the agenda, in its order; a second time puts the first one right."""
    line = _run(tx, meeting_id=meeting_id, actor_id=author_id)
    items = meetings.agenda(tx, line, viewer=author_id)
    if not items:
        raise Invalid("There is nothing on the agenda yet.")
    paper = OrderPaper(meeting=line.uri, items=tuple(item.uri for item in items))
    text = words.order_text((item.headline for item in items), starts=line.starts)
    before = meetings.order_post(tx, meeting=line.uri, author_id=author_id)
    if before is not None:
        _revise(tx, here, before, author_id=author_id, paper=paper, change=Change(text=text), people={})
        return before
    draft = Draft(text=text, in_reply_to=line.id, visibility=line.visibility)
    return _publish(tx, here, author_id=author_id, draft=draft, people={}, paper=paper)


def write(tx: Connection, here: Here, *, editor_id: int, meeting_id: int, item_id: int, said: Notes) -> Clash | None:
    """Save notes on an item, or with the meeting's own id on the meeting.

    Where somebody else saved since, nothing is written, and a Clash tells what both wrote.
    """
    line = _run(tx, meeting_id=meeting_id, actor_id=editor_id)
    if item_id not in {line.id, *(item.id for item in items(tx, line, viewer=editor_id))}:
        raise NotFound("This is no longer on the agenda.")
    said = msgspec.structs.replace(said, notes=said.notes[:LONGEST_NOTES], decisions=said.decisions[:LONGEST_NOTES])
    empty = dict.fromkeys(("notes", "decisions", "present", "apologies", "links"), "")
    tx.execute(
        BEGIN,
        {"id": here.ids.new(), "meeting_id": line.id, "item_id": item_id, "is_reached": False, "version": 0} | empty,
    )
    values = {f"new_{name}": getattr(said, name) for name in (*empty, "is_reached")}
    asked = {"meeting": line.id, "item": item_id, "expected": said.version, "new_editor": editor_id}
    if tx.execute(WRITE, values | asked).scalar() is not None:
        return None
    theirs = meetings.sheets(tx, meeting_id=line.id)[item_id]
    if all(getattr(theirs, name) == getattr(said, name) for name in (*empty, "is_reached")):
        return None
    return Clash(theirs, _both(theirs, said))


def _both(theirs: SheetRow, own: Notes) -> Notes:
    """What somebody else saved, and behind it what one wrote oneself and is not in there."""
    return Notes(
        version=theirs.version,
        notes=_joined(theirs.notes, own.notes, between="\n\n"),
        decisions=_joined(theirs.decisions, own.decisions),
        present=_joined(theirs.present, own.present),
        apologies=_joined(theirs.apologies, own.apologies),
        links=_joined(theirs.links, own.links),
        is_reached=theirs.is_reached or own.is_reached,
    )


def _joined(theirs: str, own: str, *, between: str = "\n") -> str:
    known = {line.strip() for line in theirs.splitlines()}
    more = "\n".join(line for line in own.splitlines() if line.strip() not in known or not line.strip()).strip()
    return between.join(text for text in (theirs.strip(), more) if text)


def add_action(
    tx: Connection, here: Here, *, actor_id: int, meeting_id: int, headline: str, owner_id: int, due: str | None
) -> None:
    """Note what somebody has to do. They hear of it when the minutes are published."""
    line = _run(tx, meeting_id=meeting_id, actor_id=actor_id)
    said = markup.text(headline, limit=LONGEST_HEADLINE)
    if not said:
        raise Invalid("Say what is to be done.")
    if len(meetings.drafts(tx, meeting_id=line.id)) >= MOST_ACTIONS:
        raise Invalid(f"A meeting may have up to {MOST_ACTIONS} actions.")
    row = {"id": here.ids.new(), "meeting_id": line.id, "headline": said, "owner_id": _person(tx, owner_id).id}
    tx.execute(ADD_ACTION, row | {"due": due})


def drop_action(tx: Connection, *, actor_id: int, meeting_id: int, action_id: int) -> None:
    line = _run(tx, meeting_id=meeting_id, actor_id=actor_id)
    tx.execute(DROP_ACTION, {"action": action_id, "meeting": line.id})


def publish(tx: Connection, here: Here, *, author_id: int, meeting_id: int) -> int:
    """The minutes, for all members at once: one post, and the meeting is closed. A second time corrects the first."""
    line = _run(tx, meeting_id=meeting_id, actor_id=author_id)
    before = meetings.minutes(tx, post_id=line.minutes_id, viewer=author_id) if line.minutes_id is not None else None
    if before is not None and before.author.id != author_id:
        raise Refused(f"{before.author.name} has published the minutes, and can correct them.")
    record = _record(tx, line, viewer=author_id)
    drafts = meetings.drafts(tx, meeting_id=line.id)
    if not (record.parts or record.notes or record.decisions or drafts or record.present):
        raise Invalid("There is nothing in the minutes yet: write what was said, or tick what was dealt with.")
    owners = _owners(tx, [draft.owner.id for draft in drafts])
    told = [Told(headline=draft.headline, handle=owners[draft.owner.id].handle, due=draft.due) for draft in drafts]
    text = words.minutes_text(record, told, starts=line.starts, place=line.place)
    people = _named(line.visibility, {who.handle: who.id for who in owners.values()})
    title = markup.text(f"Minutes: {line.title}", limit=LONGEST_HEADLINE)

    def paper(uri: str) -> MinutesPaper:
        actions = tuple(
            ActionPaper(
                uri=f"{uri}#action-{draft.id}",
                headline=draft.headline,
                owner=owners[draft.owner.id].uri,
                owner_name=owners[draft.owner.id].name or owners[draft.owner.id].username,
                due=draft.due,
            )
            for draft in drafts
        )
        return MinutesPaper(meeting=line.uri, record=record, actions=actions)

    if before is not None:
        said = Change(text=text, title=title)
        _revise(tx, here, before.id, author_id=author_id, paper=paper(before.uri), change=said, people=people)
        return before.id
    draft = Draft(text=text, title=title, room=line.room_id, visibility=line.visibility)
    post_id = posts.publish(tx, here, author_id=author_id, draft=draft, people=people)
    _keep(tx, here, post_id, paper(tx.execute(URI_OF, {"post": post_id}).scalar_one()))
    return post_id


def _record(tx: Connection, line: MeetingLine, *, viewer: int) -> Record:
    """What the notes come to. An item was reached if that is ticked, or anything was written about it."""
    sheets = meetings.sheets(tx, meeting_id=line.id)
    parts, left = [], []
    for item in items(tx, line, viewer=viewer):
        sheet = sheets.get(item.id)
        if sheet is None or not (sheet.is_reached or sheet.notes or sheet.decisions):
            left.append(Left(headline=item.headline, item=item.uri))
            continue
        decisions = words.lines(sheet.decisions)
        parts.append(Part(headline=item.headline, item=item.uri, notes=sheet.notes, decisions=decisions))
    whole = sheets.get(line.id)
    if whole is None:
        return Record(parts=tuple(parts), left=tuple(left))
    return Record(
        present=words.lines(whole.present),
        apologies=words.lines(whole.apologies),
        notes=whole.notes,
        decisions=words.lines(whole.decisions),
        parts=tuple(parts),
        left=tuple(left),
        links=words.links(whole.links),
    )


def items(tx: Connection, line: MeetingLine, *, viewer: int) -> list[ItemLine]:
    """The agenda as it is run; after the minutes are out, what they tell of, so that they can be corrected."""
    if line.minutes_id is None:
        return meetings.agenda(tx, line, viewer=viewer)
    return meetings.settled(tx, line, viewer=viewer)


def report(tx: Connection, here: Here, *, owner_id: int, action_id: int) -> None:
    """The owner of an action has done it, and says so under the minutes, once."""
    found = meetings.action(tx, action_id=action_id, viewer=owner_id)
    if found.owner is None or found.owner.id != owner_id:
        raise Refused("Only whose action this is can say that it is done.")
    if found.is_done:
        return
    hall = meetings.hall(tx, room_id=found.room.id)
    paper = ReportPaper(action=found.uri)
    draft = Draft(text=words.report_text(found.headline), in_reply_to=found.minutes_id, visibility=_audience(hall))
    _publish(tx, here, author_id=owner_id, draft=draft, people={}, paper=paper)


def reopen(tx: Connection, here: Here, *, owner_id: int, action_id: int) -> None:
    """It is not done after all: the word that it is, is taken back."""
    found = meetings.action(tx, action_id=action_id, viewer=owner_id)
    if found.owner is None or found.owner.id != owner_id or found.report_id is None:
        raise Refused("Only whoever said that this is done can take it back.")
    posts.delete(tx, here, by_id=owner_id, post_id=found.report_id)


def _run(tx: Connection, *, meeting_id: int, actor_id: int) -> MeetingLine:
    """Raises NotFound for no meeting, and Refused for somebody who does not run it."""
    line = meetings.meeting(tx, meeting_id=meeting_id, viewer=actor_id)
    if not may_run(tx, line, actor_id=actor_id):
        raise Refused("Only those who look after the room, or the secretary of the meeting, can do this.")
    return line


def _publish(tx: Connection, here: Here, *, author_id: int, draft: Draft, people: dict[str, int], paper: Paper) -> int:
    post_id = posts.publish(tx, here, author_id=author_id, draft=draft, people=people)
    _keep(tx, here, post_id, paper)
    return post_id


def _keep(tx: Connection, here: Here, post_id: int, paper: Paper) -> None:
    uri = tx.execute(URI_OF, {"post": post_id}).scalar_one()
    papers.keep(tx, here, post_id=post_id, uri=uri, paper=paper, is_new=True)
    papers.settle(tx, here, post_id=post_id)


def _revise(
    tx: Connection,
    here: Here,
    post_id: int,
    *,
    author_id: int,
    paper: Paper,
    change: Change,
    people: dict[str, int],
) -> None:
    posts.edit(tx, here, editor_id=author_id, post_id=post_id, change=change, people=people)
    uri = tx.execute(URI_OF, {"post": post_id}).scalar_one()
    papers.keep(tx, here, post_id=post_id, uri=uri, paper=paper, is_new=False)
    papers.settle(tx, here, post_id=post_id)


def _named(visibility: Visibility, people: dict[str, int]) -> dict[str, int]:
    """Whom a text names. In a private room nobody: a name would bring it to somebody who may not be in the room."""
    return {} if visibility is Visibility.ROOM else people


def _audience(hall: Hall) -> Visibility:
    return Visibility.ROOM if hall.is_private else Visibility.PUBLIC


def _owners(tx: Connection, ids: Sequence[int]) -> dict[int, Person]:
    return {row.id: Person(*row) for row in tx.execute(PEOPLE, {"ids": list(ids)})} if ids else {}


def _person(tx: Connection, actor_id: int) -> Person:
    row = tx.execute(PERSON, {"actor": actor_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such person.")
    return Person(*row)
