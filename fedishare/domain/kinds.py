"""The kinds of things there are: the words that tables store and every room shares."""

from enum import StrEnum


class Kind(StrEnum):
    """The five actor types of ActivityStreams."""

    PERSON = "Person"
    GROUP = "Group"
    ORGANISATION = "Organization"
    NODE = "Application"
    SERVICE = "Service"


class KeyKind(StrEnum):
    RSA = "rsa"
    ED25519 = "ed25519"


class PortraitKind(StrEnum):
    """The two pictures of an actor, by their names in ActivityStreams."""

    ICON = "icon"
    IMAGE = "image"


class FollowState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"


class ReactionKind(StrEnum):
    LIKE = "like"
    BOOST = "boost"
    # Not shown to anybody here: rooms pass it on, and it takes back a like.
    DISLIKE = "dislike"


class AttachmentKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"
    LINK = "link"


class NoticeKind(StrEnum):
    MENTION = "mention"
    REPLY = "reply"
    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow_request"
    LIKE = "like"
    BOOST = "boost"
    USED = "used"
    # There is a new version of a resource, or somebody made something of one of yours.
    CHANGED = "changed"
    ADAPTED = "adapted"
    REPORT = "report"
    POLL = "poll"
    QUOTE = "quote"
    # A moderator of a room decided something about you, or about a post of yours.
    RULING = "ruling"
    # Minutes of a room of yours are out, and what they say you have to do.
    MINUTES = "minutes"
    ACTION = "action"
    # Into a room; what became of asking to join one; something new in one that one watches.
    INVITATION = "invitation"
    MEMBERSHIP = "membership"
    ROOM_POST = "room_post"
    # Somebody whom one follows, and of whose every post one wants to be told, wrote one.
    POSTED = "posted"
    # What one answered settled the question.
    SETTLED = "settled"
    # Something about a handle that you run, or are asked to run.
    HANDLE = "handle"
    # Another room, and yours that is linked with it, or may be.
    LINK = "link"
    # A post that you scheduled could not be published.
    SCHEDULED = "scheduled"
    # A collection has a resource more; a collection that you follow is gone.
    COLLECTED = "collected"
    COLLECTION_GONE = "collection_gone"
    # A file that you shared was found to be harmful or damaged.
    FILE = "file"


class QuoteState(StrEnum):
    """Whether the author of a quoted post agreed (FEP-044f). Only what was accepted is shown as a quote."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"


class QuotePolicy(StrEnum):
    """Who may quote a post: everybody, followers, whoever its author lets, or nobody."""

    PUBLIC = "public"
    FOLLOWERS = "followers"
    MANUAL = "manual"
    NOBODY = "nobody"


class StewardRole(StrEnum):
    OWNER = "owner"
    MODERATOR = "moderator"


class PastGap(StrEnum):
    """Why something of the past of a room that moved here cannot be had."""

    GONE = "gone"
    SILENT = "silent"
    REFUSED = "refused"
    MANY = "many"


class Access(StrEnum):
    """Who may join a room: anybody, whom its moderators let in, or only whom they invite."""

    OPEN = "open"
    ASK = "ask"
    PRIVATE = "private"


class Level(StrEnum):
    """How much a member wants to hear of a room."""

    ALL = "all"
    MENTIONS = "mentions"
    NOTHING = "nothing"


class PostKind(StrEnum):
    """What a post is for. All of them are Notes to other servers, but for this word."""

    NOTE = "note"
    QUESTION = "question"
    RESOURCE = "resource"
    NEWS = "news"
    ACHIEVEMENT = "achievement"


class RunnerRole(StrEnum):
    """The owner of a shared handle chooses who else runs it."""

    OWNER = "owner"
    RUNNER = "runner"


class RunnerState(StrEnum):
    """Whether somebody may speak as a handle: only while it is active."""

    INVITED = "invited"
    ACTIVE = "active"
    ENDED = "ended"


class DeedKind(StrEnum):
    """What was done in the name of a handle, or to those who run it."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    LIKE = "like"
    UNLIKE = "unlike"
    BOOST = "boost"
    UNBOOST = "unboost"
    FOLLOW = "follow"
    SCHEDULE = "schedule"
    PROFILE = "profile"
    INVITE = "invite"
    JOIN = "join"
    LEAVE = "leave"
    REMOVE = "remove"
    OWNER = "owner"
    CURATE = "curate"


class OfferState(StrEnum):
    """What became of something that a handle elsewhere was asked to publish."""

    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RulingKind(StrEnum):
    """What a moderator of a room may decide. The second of each pair takes the first one back."""

    REMOVE = "remove"
    RESTORE = "restore"
    LOCK = "lock"
    UNLOCK = "unlock"
    BAN = "ban"
    UNBAN = "unban"
    APPOINT = "appoint"
    DISMISS = "dismiss"
    PIN = "pin"
    UNPIN = "unpin"
    SETTLE = "settle"
    REOPEN = "reopen"


class FileState(StrEnum):
    """Whether a stored file may be given out: not while it is looked at, and not when it was found to be bad."""

    CLEAN = "clean"
    PENDING = "pending"
    REFUSED = "refused"


class MediaState(StrEnum):
    """Whether a picture that somebody uploaded was written anew, which it has to be before anybody sees it."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class PaperKind(StrEnum):
    """What a post may be in the business of a meeting."""

    MEETING = "meeting"
    ITEM = "item"
    ORDER = "order"
    MINUTES = "minutes"
    REPORT = "report"


class Dialect(StrEnum):
    """How a server reads a group's Announce (decision F10)."""

    THREADIVERSE = "threadiverse"
    MICROBLOG = "microblog"
    BOTH = "both"


class HappeningKind(StrEnum):
    """What apps hear of although it leaves no new row behind."""

    EDIT = "edit"
    DELETE = "delete"
    UNBOOST = "unboost"
    FILTERS = "filters"
