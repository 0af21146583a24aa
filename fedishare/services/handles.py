"""Shared handles and schools: one actor, several people who speak as it, each under their own sign-in.

Whoever acts as a handle of ours passes `admit`, whatever brought the wish: a form, a program, a
timetable or another server. What was done goes into the private log in the same commit.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, or_, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import insert
from fedishare.db.handles import Deed, Handle, Runner
from fedishare.db.media import Media
from fedishare.db.people import Actor
from fedishare.domain import markup
from fedishare.domain.kinds import DeedKind, Kind, ReactionKind, RunnerRole, RunnerState
from fedishare.net.keys import Keypair
from fedishare.queries import sight
from fedishare.services import follows, people, posts, reactions
from fedishare.services.drafts import Change, Draft

LONGEST_LINE: Final = 120
NOT_YOURS: Final = "You do not run this handle, or no longer."
OPEN: Final = insert(Handle)
ADD: Final = insert(Runner)
RUNNER: Final = (
    select(
        Runner.role,
        Runner.state,
        Runner.uri,
        Actor.id,
        Actor.name,
        Actor.username,
        Actor.domain,
        Actor.local,
        Handle.actor_id.label("is_ours"),
    )
    .join(Actor, Actor.id == Runner.actor_id)
    .outerjoin(Handle, Handle.actor_id == Runner.handle_id)
    .where(Runner.handle_id == bindparam("handle"))
    .with_for_update(of=Runner)
)
STANDING: Final = RUNNER.where(Runner.actor_id == bindparam("actor"))
# Somebody whose account is closed or suspended does not speak as anybody.
ACTIVE: Final = (
    STANDING.outerjoin(Account, Account.actor_id == Actor.id)
    .where(Runner.state == RunnerState.ACTIVE, Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
    .where(or_(~Actor.local, Account.disabled_at.is_(None)))
)
ADOPT: Final = (
    update(Media)
    .where(Media.key.in_(bindparam("keys", expanding=True)), Media.owner_id == bindparam("from_id"))
    .where(Media.post_id.is_(None))
    .values(owner_id=bindparam("to_id"))
)
NOTE: Final = insert(Deed)
DONE_BEFORE: Final = select(Deed.post_id).where(Deed.offer_uri == bindparam("offer"))
IN_PUBLIC: Final = update(Actor).where(Actor.id == bindparam("actor")).values(discoverable=True)


class Speaker(NamedTuple):
    """Somebody who may speak as a handle of ours just now."""

    handle_id: int
    by_id: int
    name: str
    handle: str
    role: RunnerRole
    local: bool


def open_handle(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    username: str,
    name: str,
    about: str,
    rsa: Keypair,
    ed25519: Keypair,
    kind: Kind = Kind.PERSON,
) -> int:
    """A new shared handle, or with the kind Organization a school. Other servers see an ordinary account."""
    shown = markup.text(name, limit=100)
    if not shown:
        raise Invalid("Please give a name that people can read.")
    handle_id = people.add(
        tx, here, kind=kind, username=username, name=shown, rsa=rsa, ed25519=ed25519, summary_source=about
    )
    # A shared voice means to be found.
    tx.execute(IN_PUBLIC, {"actor": handle_id})
    tx.execute(OPEN, {"actor_id": handle_id, "created_at": here.now()})
    row = {"handle_id": handle_id, "actor_id": owner_id, "role": RunnerRole.OWNER, "state": RunnerState.ACTIVE}
    tx.execute(ADD, row | {"uri": here.uris.activity(here.ids.new()), "created_at": here.now()})
    return handle_id


def admit(tx: Connection, *, handle_id: int, actor_id: int) -> Speaker:
    """Who may speak as a handle of ours; raises Refused for everybody else.

    Holds the row until the commit: a removal that happens meanwhile comes before or after, never between.
    """
    row = tx.execute(ACTIVE, {"handle": handle_id, "actor": actor_id}).one_or_none()
    if row is None or row.is_ours is None:
        raise Refused(NOT_YOURS)
    return Speaker(handle_id, row.id, row.name, f"{row.username}@{row.domain}", RunnerRole(row.role), row.local)


def publish(
    tx: Connection,
    here: Here,
    *,
    author_id: int,
    by_id: int,
    draft: Draft,
    people: Mapping[str, int],
    has_byline: bool = False,
    offer_uri: str | None = None,
) -> int:
    """`by_id` posts as the handle `author_id`; the log keeps who it was. What was offered once is posted once."""
    speaker = admit(tx, handle_id=author_id, actor_id=by_id)
    done = tx.execute(DONE_BEFORE, {"offer": offer_uri}).first() if offer_uri is not None else None
    if done is not None:
        return int(done.post_id or 0)
    adopt(tx, keys=draft.media, from_id=by_id, to_id=author_id)
    text = signed(draft.text, speaker.name) if has_byline else draft.text
    post_id = posts.publish(
        tx, here, author_id=author_id, draft=msgspec.structs.replace(draft, text=text), people=people
    )
    note(tx, here, speaker, DeedKind.POST, post_id=post_id, line=draft.title or text, offer_uri=offer_uri)
    return post_id


def adopt(tx: Connection, *, keys: tuple[str, ...], from_id: int, to_id: int) -> None:
    """Pictures that somebody uploaded for a handle are the handle's."""
    if keys:
        tx.execute(ADOPT, {"keys": list(keys), "from_id": from_id, "to_id": to_id})


def signed(text: str, name: str) -> str:
    """A text with the name of its author as its last line."""
    plain = "".join(char if char.isalnum() or char in " '.-\N{RIGHT SINGLE QUOTATION MARK}" else " " for char in name)
    return f"{text}\n\n\N{EM DASH} {' '.join(plain.split())}".strip()


def edit(tx: Connection, here: Here, *, handle_id: int, by_id: int, post_id: int, change: Change,
         people: Mapping[str, int]) -> None:  # fmt: skip
    speaker = admit(tx, handle_id=handle_id, actor_id=by_id)
    posts.edit(tx, here, editor_id=handle_id, post_id=post_id, change=change, people=people)
    note(tx, here, speaker, DeedKind.EDIT, post_id=post_id, line=change.title or change.text)


def delete(
    tx: Connection, here: Here, *, handle_id: int, by_id: int, post_id: int, offer_uri: str | None = None
) -> None:
    speaker = admit(tx, handle_id=handle_id, actor_id=by_id)
    posts.delete(tx, here, by_id=handle_id, post_id=post_id)
    note(tx, here, speaker, DeedKind.DELETE, post_id=post_id, offer_uri=offer_uri)


GIVEN: Final = {ReactionKind.LIKE: DeedKind.LIKE, ReactionKind.BOOST: DeedKind.BOOST}
TAKEN: Final = {ReactionKind.LIKE: DeedKind.UNLIKE, ReactionKind.BOOST: DeedKind.UNBOOST}


def react(
    tx: Connection,
    here: Here,
    *,
    handle_id: int,
    by_id: int,
    kind: ReactionKind,
    post_id: int,
    gives: bool,
    offer_uri: str | None = None,
) -> bool:
    """The handle likes or boosts a post, or takes that back. Answers False where it was so before."""
    speaker = admit(tx, handle_id=handle_id, actor_id=by_id)
    if gives and not sight.may_see(tx, post_id=post_id, viewer=handle_id):
        raise NotFound("There is no such post, or it is not for this handle.")
    act = reactions.add if gives else reactions.remove
    if not act(tx, here, kind=kind, actor_id=handle_id, post_id=post_id):
        return False
    note(tx, here, speaker, (GIVEN if gives else TAKEN)[kind], post_id=post_id, offer_uri=offer_uri)
    return True


def follow(tx: Connection, here: Here, *, handle_id: int, by_id: int, followee_id: int) -> None:
    """The handle follows somebody or joins a room; what it sees then is for it alone."""
    speaker = admit(tx, handle_id=handle_id, actor_id=by_id)
    follows.request(tx, here, follower_id=handle_id, followee_id=followee_id)
    note(tx, here, speaker, DeedKind.FOLLOW)


def note(
    tx: Connection,
    here: Here,
    speaker: Speaker,
    kind: DeedKind,
    *,
    post_id: int | None = None,
    line: str = "",
    offer_uri: str | None = None,
) -> None:
    """A line in the log of the handle."""
    row = {"handle_id": speaker.handle_id, "by_id": speaker.by_id, "by_handle": speaker.handle, "kind": kind}
    said = markup.text(line, limit=LONGEST_LINE)
    tx.execute(NOTE, row | {"post_id": post_id, "line": said, "offer_uri": offer_uri, "at": here.now()})


def update_profile(tx: Connection, here: Here, *, handle_id: int, by_id: int, name: str, about: str) -> None:
    speaker = admit(tx, handle_id=handle_id, actor_id=by_id)
    people.update_profile(
        tx, here, actor_id=handle_id, name=name, summary_source=about, locked=False, discoverable=True
    )
    note(tx, here, speaker, DeedKind.PROFILE, line=name)
