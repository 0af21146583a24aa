"""What every inbox function is handed besides the transaction, and the answers it may give."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection

from fedishare.as2.types import Activity
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.queries.known import ActorRow
from fedishare.services.drafts import ForeignPost


class Done(msgspec.Struct, frozen=True):
    what: str

    def __str__(self) -> str:
        return f"done: {self.what}"


class Ignored(msgspec.Struct, frozen=True):
    why: str

    def __str__(self) -> str:
        return f"ignored: {self.why}"


Outcome: TypeAlias = Done | Ignored


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """An activity whose actor is known to have sent it. Only `inbox.trust` makes these.

    `stored_as` is its row in `received`, which a room of ours passes on; an activity that came
    inside another one has no row of its own.
    """

    activity: Activity
    data: Mapping[str, Json]
    sender: ActorRow
    stored_as: str | None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """`post` is the post inside the activity, read and cleaned before the transaction began."""

    here: Here
    now: datetime
    post: ForeignPost | None = None


class Wanted(Enum):
    """What may have to be fetched before an activity can be applied."""

    ACTOR = "an actor we do not know"
    ACTOR_AGAIN = "an actor as it is now"
    POST = "a post we do not know"
    POST_AGAIN = "a post as it is now, or that it is gone"
    STEWARDS = "the moderators of a room, by its own list"
    SOFTWARE = "what software a server runs"
    ACTIVITY_IF_THERE = "the same, if its server shows it"
    ACTIVITY = "an activity that somebody else told us of, from its own address"


class Need(NamedTuple):
    wanted: Wanted
    uri: str


Prepare: TypeAlias = Callable[[Verified, Context], "ForeignPost | Ignored | None"]
Needs: TypeAlias = Callable[[Connection, Verified, Context], tuple[Need, ...]]
Apply: TypeAlias = Callable[[Connection, Verified, Context], Outcome]


def nothing_to_read(_activity: Verified, _ctx: Context) -> None:
    return None


def nothing_to_fetch(_tx: Connection, _activity: Verified, _ctx: Context) -> tuple[Need, ...]:
    return ()


class Entry(NamedTuple):
    """One line of the table: the three steps of an activity, the last of which alone writes.

    `prepare` reads what came along, outside any transaction; `needs` says what is still missing;
    `apply` does it, or says why not. All may raise Refused or Invalid, which are final.
    """

    apply: Apply
    needs: Needs = nothing_to_fetch
    prepare: Prepare = nothing_to_read
