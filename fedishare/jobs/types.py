"""One struct per kind of work. Data only: ids and addresses, never rows."""

from datetime import datetime
from enum import IntEnum
from typing import ClassVar, Final, NamedTuple, TypeAlias

import msgspec

from fedishare.domain.kinds import ReactionKind, RulingKind


class Lane(IntEnum):
    """Work that waits for other servers must not stand in the way of work that does not (REL-12)."""

    OURS = 0
    FETCHING = 1  # may hang for as long as somebody else's server likes
    ALONE = 2  # was under way each time when the process ended: one at a time
    OPENING = 3  # opens files, which takes memory and time of its own


class Things(NamedTuple):
    """What jobs are about: the name of the kind, and the fields that hold its ids."""

    kind: str
    fields: tuple[str, ...]


POST: Final = Things("post", ("post_id",))
ACTOR: Final = Things("actor", ("actor_id",))
FOLLOW: Final = Things("pair", ("follower_id", "followee_id"))
STAMP: Final = Things("stamp", ("stamp_id",))
BLOCK: Final = Things("pair", ("blocker_id", "blocked_id"))
# A collection is an actor, and what it says is told in the order in which it happened.
COLLECTION: Final = Things("actor", ("anthology_id",))
RUNNER: Final = Things("pair", ("handle_id", "actor_id"))


class Job(msgspec.Struct, frozen=True, tag=True):
    """The tag is the name stored in the table, so rename with a migration.

    Jobs about the same things are done one after the other, in the order in which they were
    enqueued: so what they say goes out in the order in which it happened (REL-05).
    """

    lane: ClassVar[Lane] = Lane.OURS
    about: ClassVar[Things | None] = None

    @property
    def line(self) -> str | None:
        """Names the queue in which it waits for its turn; None where order does not matter."""
        if self.about is None:
            return None
        ids = [getattr(self, field) for field in self.about.fields]
        return " ".join([self.about.kind, *map(str, sorted(ids))]) if all(ids) else None


class Receive(Job, frozen=True):
    """Apply an activity that was received, now that there is time to fetch what it needs."""

    lane: ClassVar[Lane] = Lane.FETCHING

    uri: str


class AnswerFollow(Job, frozen=True):
    """Accept or reject; `uri` is the Follow's id, for the row of a rejected one is gone."""

    about: ClassVar[Things | None] = FOLLOW

    follower_id: int
    followee_id: int
    uri: str
    accept: bool


class SendFollow(Job, frozen=True):
    about: ClassVar[Things | None] = FOLLOW

    follow_id: int
    # Rows written before these were there lack them.
    follower_id: int = 0
    followee_id: int = 0
    # The invitation into a private room, where the follower has one.
    link: str = ""


class SendUnfollow(Job, frozen=True):
    about: ClassVar[Things | None] = FOLLOW

    follower_id: int
    followee_id: int
    uri: str


class SendBlock(Job, frozen=True):
    about: ClassVar[Things | None] = BLOCK

    block_id: int
    blocker_id: int = 0  # as above
    blocked_id: int = 0


class SendUnblock(Job, frozen=True):
    about: ClassVar[Things | None] = BLOCK

    blocker_id: int
    blocked_id: int
    uri: str


class PublishPost(Job, frozen=True):
    about: ClassVar[Things | None] = POST

    post_id: int


class PublishEdit(Job, frozen=True):
    about: ClassVar[Things | None] = POST

    post_id: int


class PublishAgain(Job, frozen=True):
    """A post reads the same, but its document does not: votes were cast, say, or its quote was let through."""

    about: ClassVar[Things | None] = POST

    post_id: int


class PublishPicture(Job, frozen=True):
    """A resource has a picture by now, which its Create could not show. No edit either, and said once."""

    about: ClassVar[Things | None] = POST

    post_id: int


class TallyPoll(Job, frozen=True):
    """Votes have come: they are told together, after a while. It waits in no line, where it would hold up the rest."""

    post_id: int


class PublishDeletion(Job, frozen=True):
    """`moderator_id` is set when somebody else than the author took the post down."""

    about: ClassVar[Things | None] = POST

    post_id: int
    moderator_id: int | None = None


class PublishReaction(Job, frozen=True):
    about: ClassVar[Things | None] = POST

    reaction_id: int
    post_id: int = 0  # as above


class PublishUndo(Job, frozen=True):
    """A like or boost was taken back; `uri` was its id."""

    about: ClassVar[Things | None] = POST

    kind: ReactionKind
    uri: str
    actor_id: int
    post_id: int


class PublishActor(Job, frozen=True):
    """A profile changed."""

    about: ClassVar[Things | None] = ACTOR

    actor_id: int


class SayGone(Job, frozen=True):
    """Somebody of ours was deleted: every server that may know of them is told."""

    about: ClassVar[Things | None] = ACTOR

    actor_id: int


class SendMove(Job, frozen=True):
    """Somebody of ours has moved to another server: their followers go along."""

    about: ClassVar[Things | None] = ACTOR

    actor_id: int


class PublishPin(Job, frozen=True):
    about: ClassVar[Things | None] = POST

    actor_id: int
    post_id: int
    added: bool


class PublishItem(Job, frozen=True):
    """A resource came into a collection, has another place or line in it, or is no longer in it.

    What is said is what was so then, so that whoever hears all of it ends up with the same order.
    """

    about: ClassVar[Things | None] = COLLECTION

    anthology_id: int
    post_id: int
    added: bool
    said: str = ""
    position: int = 0
    previous_id: int | None = None


class PublishFarewell(Job, frozen=True):
    """A collection was deleted."""

    about: ClassVar[Things | None] = COLLECTION

    anthology_id: int


class SendUse(Job, frozen=True):
    use_id: int


class SendReport(Job, frozen=True):
    report_id: int


class SendVotes(Job, frozen=True):
    """What one of ours chose in a poll elsewhere, for its author alone."""

    post_id: int
    actor_id: int


class ClosePoll(Job, frozen=True):
    """A poll is over, or will be by then: count, and tell who took part."""

    lane: ClassVar[Lane] = Lane.FETCHING

    post_id: int


class AskToQuote(Job, frozen=True):
    """A post of ours quotes somebody elsewhere, who has to agree first."""

    about: ClassVar[Things | None] = POST

    post_id: int


class AnswerQuote(Job, frozen=True):
    """May `quoter_id` quote a post of ours? Without a stamp, no."""

    about: ClassVar[Things | None] = STAMP

    post_id: int
    quoter_id: int
    request_uri: str
    quoting_uri: str
    stamp_id: int | None


class WithdrawStamp(Job, frozen=True):
    """An author here no longer wants to be quoted in one place."""

    about: ClassVar[Things | None] = STAMP

    stamp_id: int


class VerifyQuote(Job, frozen=True):
    """Find out whether the author of what a post from elsewhere quotes agreed."""

    lane: ClassVar[Lane] = Lane.FETCHING

    post_id: int


class Distribute(Job, frozen=True):
    """A room of ours passes an activity on to its members (FEP-1b12).

    `activity_uri` names a row of `activity` (ours) or `received` (from elsewhere).
    """

    about: ClassVar[Things | None] = POST

    room_id: int
    activity_uri: str
    post_id: int | None


class Forward(Job, frozen=True):
    """Pass on to the followers of one of ours what somebody elsewhere answered them, byte for byte.

    `activity_uri` names a row of `received`; `author_id` is who was answered.
    """

    about: ClassVar[Things | None] = POST

    author_id: int
    activity_uri: str
    post_uri: str
    post_id: int


class PublishRuling(Job, frozen=True):
    """A moderator of a room of ours decided something; `uri` is the id of the activity, or of the one taken back."""

    kind: RulingKind
    room_id: int
    by_id: int
    uri: str
    post_id: int | None = None
    actor_id: int | None = None
    reason: str = ""
    until: datetime | None = None
    with_posts: bool = False

    @property
    def line(self) -> str | None:
        """What is taken back is told after what was decided, about a post as about a person."""
        return f"post {self.post_id}" if self.post_id is not None else f"actor {self.actor_id}"


class PublishMember(Job, frozen=True):
    """Somebody came into a private room of ours, or is no longer in it: its members' nodes have to know (J2)."""

    room_id: int
    actor_id: int
    entered: bool

    @property
    def line(self) -> str | None:
        return f"members {self.room_id}"


class SendInvitation(Job, frozen=True):
    """A room of ours invites somebody elsewhere."""

    room_id: int
    actor_id: int


class FetchMembers(Job, frozen=True):
    """Read from a room elsewhere who is in it."""

    lane: ClassVar[Lane] = Lane.FETCHING

    room_id: int


class RefusePost(Job, frozen=True):
    """A room of ours did not take what was written into it; its author's server is told (decision F12)."""

    room_id: int
    author_id: int
    activity_uri: str
    reason: str


class JudgePaper(Job, frozen=True):
    """See whether a paper of a meeting is taken for what it says, and do what follows from it."""

    lane: ClassVar[Lane] = Lane.FETCHING

    post_id: int


class FetchParent(Job, frozen=True):
    """Find the post that a reply answers, so that its thread is whole.

    `activity_uri` is the activity that brought the reply, for the room that its thread may turn out to be in.
    """

    lane: ClassVar[Lane] = Lane.FETCHING

    post_id: int
    depth: int = 0
    activity_uri: str | None = None


class FetchPast(Job, frozen=True):
    """Go on with bringing here what was in a room before it moved here; only the newest `step` does."""

    lane: ClassVar[Lane] = Lane.FETCHING

    room_id: int
    step: int


class CrawlThread(Job, frozen=True):
    """Ask around for the answers of a conversation that nobody sent us."""

    lane: ClassVar[Lane] = Lane.FETCHING

    thread_id: int


class FetchFeatured(Job, frozen=True):
    """Look at what somebody elsewhere has pinned to their profile."""

    lane: ClassVar[Lane] = Lane.FETCHING

    actor_id: int


class SynchroniseFollowers(Job, frozen=True):
    """Compare who of us follows somebody elsewhere with the list that their server shows us (FEP-8fcf)."""

    lane: ClassVar[Lane] = Lane.FETCHING

    actor_id: int
    url: str
    digest: str


class LookUpNode(Job, frozen=True):
    """Ask a server what software it runs, to know its dialect."""

    lane: ClassVar[Lane] = Lane.FETCHING

    host: str


class CheckInbox(Job, frozen=True):
    """An inbox says that it is gone: see which of those who had it still live, and where they read now."""

    lane: ClassVar[Lane] = Lane.FETCHING

    inbox: str


class InviteRunner(Job, frozen=True):
    """A handle of ours asks somebody elsewhere to run it; `uri` is the id of the Invite."""

    about: ClassVar[Things | None] = RUNNER

    handle_id: int
    actor_id: int
    uri: str


class AnswerInvitation(Job, frozen=True):
    """One of ours agrees to run a handle elsewhere, declines, or leaves it."""

    about: ClassVar[Things | None] = RUNNER

    handle_id: int
    actor_id: int
    uri: str
    accept: bool


class EndInvitation(Job, frozen=True):
    """Somebody elsewhere does not run a handle of ours any more."""

    about: ClassVar[Things | None] = RUNNER

    handle_id: int
    actor_id: int
    uri: str


class SendOffer(Job, frozen=True):
    """One of ours asks a handle elsewhere to publish something; `withdrawn` takes that back."""

    about: ClassVar[Things | None] = RUNNER

    handle_id: int
    actor_id: int
    offer_id: int
    withdrawn: bool = False


class AnswerOffer(Job, frozen=True):
    """What became of something that somebody elsewhere asked a handle of ours to publish.

    `result_uri` is the post, if there is one by now; `reason` is set where it is not accepted.
    """

    about: ClassVar[Things | None] = RUNNER

    handle_id: int
    actor_id: int
    uri: str
    accept: bool
    result_uri: str | None = None
    reason: str = ""


class PostScheduled(Job, frozen=True):
    """The time of a scheduled post has come, unless it was moved or withdrawn meanwhile."""

    scheduled_id: int


class Forget(Job, frozen=True):
    """Delete stored files that no post holds any more."""

    storage_keys: tuple[str, ...]


class Inspect(Job, frozen=True):
    """A file is stored: look at it once more before anybody relies on it, and make of it what is made of files."""

    storage_key: str


class MakePreview(Job, frozen=True):
    """Look into a stored file: what a page can show of it before anybody downloads it."""

    lane: ClassVar[Lane] = Lane.OPENING

    storage_key: str


class DevelopMedia(Job, frozen=True):
    """Write an uploaded picture anew, which was too large to do at once."""

    lane: ClassVar[Lane] = Lane.OPENING

    media_id: int


class SendPush(Job, frozen=True):
    """Tell a device of a notice."""

    lane: ClassVar[Lane] = Lane.FETCHING

    subscription_id: int
    notice_id: int


class EndMute(Job, frozen=True):
    """The time of a mute is over."""

    muter_id: int
    muted_id: int


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
    | PublishAgain
    | PublishPicture
    | TallyPoll
    | PublishDeletion
    | PublishReaction
    | PublishUndo
    | PublishActor
    | SayGone
    | SendMove
    | PublishPin
    | PublishItem
    | PublishFarewell
    | SendUse
    | SendReport
    | SendVotes
    | ClosePoll
    | AskToQuote
    | AnswerQuote
    | WithdrawStamp
    | VerifyQuote
    | Distribute
    | Forward
    | PublishRuling
    | PublishMember
    | SendInvitation
    | FetchMembers
    | RefusePost
    | JudgePaper
    | FetchParent
    | FetchPast
    | CrawlThread
    | FetchFeatured
    | SynchroniseFollowers
    | LookUpNode
    | CheckInbox
    | InviteRunner
    | AnswerInvitation
    | EndInvitation
    | SendOffer
    | AnswerOffer
    | PostScheduled
    | Forget
    | Inspect
    | MakePreview
    | DevelopMedia
    | SendPush
    | EndMute
    | Sweep
)
