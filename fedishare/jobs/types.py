"""One struct per kind of work. Data only: ids and addresses, never rows."""

from typing import TypeAlias

import msgspec

from fedishare.domain.kinds import ReactionKind


class Job(msgspec.Struct, frozen=True, tag=True):
    """The tag is the name stored in the table, so rename with a migration."""


class Receive(Job, frozen=True):
    """Apply an activity that was received, now that there is time to fetch what it needs."""

    uri: str


class AnswerFollow(Job, frozen=True):
    """Accept or reject; `uri` is the Follow's id, for the row of a rejected one is gone."""

    follower_id: int
    followee_id: int
    uri: str
    accept: bool


class SendFollow(Job, frozen=True):
    follow_id: int


class SendUnfollow(Job, frozen=True):
    follower_id: int
    followee_id: int
    uri: str


class SendBlock(Job, frozen=True):
    block_id: int


class SendUnblock(Job, frozen=True):
    blocker_id: int
    blocked_id: int
    uri: str


class PublishPost(Job, frozen=True):
    post_id: int


class PublishEdit(Job, frozen=True):
    post_id: int


class PublishDeletion(Job, frozen=True):
    """`moderator_id` is set when somebody else than the author took the post down."""

    post_id: int
    moderator_id: int | None = None


class PublishReaction(Job, frozen=True):
    reaction_id: int


class PublishUndo(Job, frozen=True):
    """A like or boost was taken back; `uri` was its id."""

    kind: ReactionKind
    uri: str
    actor_id: int
    post_id: int


class PublishActor(Job, frozen=True):
    """A profile changed."""

    actor_id: int


class PublishPin(Job, frozen=True):
    actor_id: int
    post_id: int
    added: bool


class SendUse(Job, frozen=True):
    use_id: int


class SendReport(Job, frozen=True):
    report_id: int


class Distribute(Job, frozen=True):
    """A room of ours passes an activity on to its members (FEP-1b12).

    `activity_uri` names a row of `activity` (ours) or `received` (from elsewhere).
    """

    room_id: int
    activity_uri: str
    post_id: int | None


class FetchParent(Job, frozen=True):
    """Find the post that a reply answers, so that its thread is whole."""

    post_id: int
    depth: int = 0


class LookUpNode(Job, frozen=True):
    """Ask a server what software it runs, to know its dialect."""

    host: str


class Forget(Job, frozen=True):
    """Delete stored files that no post holds any more."""

    storage_keys: tuple[str, ...]


class Sweep(Job, frozen=True):
    """Drop what has been kept long enough."""


AnyJob: TypeAlias = (
    Receive
    | AnswerFollow
    | SendFollow
    | SendUnfollow
    | SendBlock
    | SendUnblock
    | PublishPost
    | PublishEdit
    | PublishDeletion
    | PublishReaction
    | PublishUndo
    | PublishActor
    | PublishPin
    | SendUse
    | SendReport
    | Distribute
    | FetchParent
    | LookUpNode
    | Forget
    | Sweep
)
