"""The streams that an app may listen to: their names, what they ask for, what belongs in them (client-api.md 6.1)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from fedishare.api.calls import Who, nothing
from fedishare.api.params import is_id
from fedishare.core.errors import Malformed, Refused
from fedishare.domain import markup
from fedishare.domain.audience import Visibility
from fedishare.queries.happenings import NewPost

USER: Final = "user"
NOTIFICATIONS: Final = "user:notification"
LIST: Final = "list"
DIRECT: Final = "direct"
_PUBLIC: Final = ("public", "public:local", "public:remote")
PUBLIC: Final = frozenset({*_PUBLIC, *(f"{name}:media" for name in _PUBLIC)})
TAGGED: Final = frozenset({"hashtag", "hashtag:local"})
NAMES: Final = frozenset({USER, NOTIFICATIONS, LIST, DIRECT, *PUBLIC, *TAGGED})
LONGEST_TAG: Final = 200
# Which scope a token needs for it. Nothing is for everybody, public posts included (AUTH-04).
SCOPES: Final[Mapping[str, str]] = dict.fromkeys(NAMES, "read:statuses") | {NOTIFICATIONS: "read:notifications"}


class Channel(NamedTuple):
    """A stream as an app asked for it. `said` is the tag or the list to the letter, `key` what it comes down to."""

    name: str
    said: str = ""
    key: str = ""

    @property
    def address(self) -> list[str]:
        """What the app knows it by: libraries drop an event that does not say both exactly as they did."""
        return [self.name, self.said] if self.said else [self.name]

    @property
    def list_id(self) -> int:
        return int(self.key)

    def holds(self, post: NewPost) -> bool:
        """Whether a post belongs in a stream of public ones, whoever listens."""
        if post.visibility is not Visibility.PUBLIC:
            return False
        if self.name in TAGGED:
            # Of a post that is gone nobody knows the tags any more.
            return (self.key in post.tags or post.is_deleted) and (post.local or self.name == "hashtag")
        if self.name not in PUBLIC or post.is_answer:
            return False
        where = self.name.removesuffix(":media")
        is_here = where == "public" or (where == "public:local") is post.local
        return is_here and (post.shows_something or post.is_deleted or where == self.name)


def parse(name: str, *, tag: str = "", list_id: str = "") -> Channel:
    """The stream of this name. Raises Malformed for one that does not exist or lacks its tag, NotFound for no list."""
    if name not in NAMES:
        raise Malformed("Unknown stream type")
    if name in TAGGED:
        key = markup.fold_tag(tag.removeprefix("#")) if len(tag) <= LONGEST_TAG else ""
        if not key:
            raise Malformed("No tag for stream provided")
        return Channel(name, tag, key)
    if name == LIST:
        if not list_id:
            raise Malformed("No list for stream provided")
        if not (list_id.isascii() and list_id.isdecimal() and is_id(list_id)):
            raise nothing()
        return Channel(name, list_id, str(int(list_id)))
    return Channel(name)


def require(who: Who, channel: Channel) -> None:
    """Raises Refused where the token does not reach so far."""
    if not who.may(SCOPES[channel.name]):
        raise Refused("Access token does not have the required scopes")
