"""Who can see what somebody is about to post, as apps offer it."""

import msgspec

from fedishare.api.entities.accounts import Account
from fedishare.domain.audience import Visibility


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """`label` and `explanation` are for the person; `mastodon` is the word for it in the rest of the API."""

    value: Visibility
    mastodon: str
    label: str
    explanation: str


class RoomAudiences(msgspec.Struct, frozen=True, kw_only=True):
    """A room that it may go into, with who can see it then. Mention the room's account to post there as a status."""

    room: Account
    is_private: bool
    topics: tuple[str, ...]
    audiences: tuple[Audience, ...]


class Audiences(msgspec.Struct, frozen=True, kw_only=True):
    """All that there is to choose from. `usual` is what posts begin with, `voices` are the handles to post as.

    To post as a handle, sign in once more and choose it there.
    """

    usual: Visibility
    audiences: tuple[Audience, ...]
    rooms: tuple[RoomAudiences, ...]
    voices: tuple[Account, ...]
