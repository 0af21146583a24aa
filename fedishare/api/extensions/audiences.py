"""Which audiences somebody may post to: the ladder, each room they are in, and as whom."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from fedishare.api import fields
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import accounts
from fedishare.api.entities.audiences import Audience, Audiences, RoomAudiences
from fedishare.api.entities.credentials import VISIBILITY
from fedishare.api.fields import Id
from fedishare.api.routes import Routes
from fedishare.domain import audience
from fedishare.domain.audience import LABELS, OPEN, Visibility
from fedishare.queries import handles, people, places, relations, rooms

routes: Final = Routes()


class AudienceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be posted."""

    in_reply_to_id: (
        Annotated[Id, Meta(description="For an answer to this post, which never reaches further than it does.")] | None
    ) = None


@routes.reads("GET", "/api/fedishare/v1/audiences", scope="read:accounts")
def show(tx: Connection, call: Call, asked: AudienceChoice) -> Audiences:
    """Who may see what you post next: what the page for writing offers."""
    answered = _answered(tx, call, asked)
    usual = Visibility(relations.habits(tx, actor_id=call.person).default_visibility)
    followers = people.by_id(tx, actor_id=call.me).followers_count
    # An answer goes where the conversation is.
    mine = rooms.mine(tx, actor_id=call.me) if answered is None else []
    topics = rooms.topics_of(tx, room_ids=[line.face.id for line in mine])
    voices = [face.id for face in handles.voices(tx, actor_id=call.person)] if not call.who.is_as_handle else []
    places_of = accounts.many(tx, call, [line.face.id for line in mine])
    return Audiences(
        usual=usual if answered is None else audience.narrower(usual, answered),
        audiences=tuple(_audience(each, followers=followers) for each in audience.offered(answered)),
        rooms=tuple(
            RoomAudiences(
                room=places_of[line.face.id],
                is_private=line.is_private,
                topics=tuple(topics.get(line.face.id, ())),
                audiences=tuple(
                    _audience(each, room=line.face.name) for each in ([Visibility.ROOM] if line.is_private else OPEN)
                ),
            )
            for line in mine
        ),
        voices=tuple(accounts.present(tx, call, voices)),
    )


def _answered(tx: Connection, call: Call, asked: AudienceChoice) -> Visibility | None:
    parent_id = fields.number(asked.in_reply_to_id)
    if parent_id is None:
        return None
    found = places.answered(tx, post_id=parent_id, viewer=call.me)
    if found is None:
        raise nothing()
    return found


def _audience(each: Visibility, *, room: str | None = None, followers: int | None = None) -> Audience:
    return Audience(
        value=each,
        mastodon=VISIBILITY[each],
        label=LABELS[each],
        explanation=audience.explain(each, room_name=room, follower_count=followers),
    )
