"""What an app wants posted, read from its request and turned into a draft.

Its audiences are ours under other names: `private` is for followers, or where a staffroom is named or answered, for the
members of that room alone. An answer never reaches further than what it answers (VIS-13).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing
from fedishare.api.entities.credentials import AUDIENCE
from fedishare.api.entities.instances import MOST_CHARACTERS
from fedishare.api.params import Params, is_id
from fedishare.core.errors import Invalid
from fedishare.domain import audience
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import QuotePolicy
from fedishare.queries import places, relations, uploaded
from fedishare.services import media
from fedishare.services.drafts import Draft, PollDraft

LONGEST_WARNING: Final = 500
SOONEST: Final = timedelta(minutes=5)
USUAL_LANGUAGE: Final = "en"
POLICIES: Final = {
    "public": QuotePolicy.PUBLIC,
    "followers": QuotePolicy.FOLLOWERS,
    "nobody": QuotePolicy.NOBODY,
}
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,2}")
_POINT: Final = re.compile(r"\s*(-?[0-9]*\.?[0-9]+)\s*,\s*(-?[0-9]*\.?[0-9]+)\s*")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. What was not said is None, and then as the person usually has it.

    Without an `audience` it is that of what is answered.
    """

    text: str
    warning: str
    sensitive: bool | None
    language: str | None
    audience: Visibility | None
    reply_to: int | None
    media: tuple[int, ...]
    poll: PollDraft | None
    due: datetime | None
    quote: int | None
    policy: QuotePolicy | None
    allowed: frozenset[int] | None


def read(call: Call) -> Wish:
    """Raises Invalid for what can never be posted, NotFound for an answer to what cannot be."""
    params = call.params
    text, warning = params.text("status"), params.text("spoiler_text")
    if len(text) > MOST_CHARACTERS or len(warning) > LONGEST_WARNING:
        raise Invalid(f"Validation failed: Text character limit of {MOST_CHARACTERS} exceeded")
    visibility = params.text("visibility")
    if visibility and visibility not in AUDIENCE:
        raise Invalid("Validation failed: Visibility is not included in the list")
    wish = Wish(
        text=text,
        warning=warning,
        sensitive=params.flag("sensitive"),
        language=language(params),
        audience=AUDIENCE.get(visibility),
        reply_to=_reference(params, "in_reply_to_id"),
        media=pictures(params),
        poll=poll(params),
        due=due(call),
        quote=_reference(params, "quoted_status_id"),
        policy=policy(params),
        allowed=frozenset(params.ids("allowed_mentions")) if "allowed_mentions" in params else None,
    )
    if not text.strip() and not wish.media:
        raise Invalid("Validation failed: Text can't be blank")
    if wish.poll is not None and wish.media:
        raise Invalid("Validation failed: Cannot attach both media and a poll to the same post")
    return wish


def _reference(params: Params, name: str) -> int | None:
    """The id of another post. One that can be none is one that is not there."""
    said = params.text(name).strip()
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and is_id(said)):
        raise nothing()
    return int(said)


def pictures(params: Params) -> tuple[int, ...]:
    wanted = [text for text in params.texts("media_ids") if text.strip()]
    found = tuple(params.ids("media_ids")) if wanted else ()
    if len(found) > media.MOST:
        raise Invalid(f"Cannot attach more than {media.MOST} files")
    if len(found) < len(dict.fromkeys(wanted)):
        raise Invalid("Media not found or already attached")
    return found


def language(params: Params) -> str | None:
    said = params.text("language").strip()
    if said and not _LANGUAGE.fullmatch(said):
        raise Invalid("Validation failed: Language is invalid")
    return said or None


def policy(params: Params) -> QuotePolicy | None:
    said = params.text("quote_approval_policy")
    if said and said not in POLICIES:
        raise Invalid("Validation failed: Quote approval policy is not included in the list")
    return POLICIES.get(said)


def poll(params: Params) -> PollDraft | None:
    if params.raw("poll") in (None, "", {}):
        return None
    said = params.within("poll")
    options, seconds = tuple(text for text in said.texts("options") if text.strip()), said.whole("expires_in")
    if seconds is None or not 0 < seconds < 1 << 30:
        raise Invalid("Validation failed: Expires at must be in the future")
    return PollDraft(options=options, lasts=timedelta(seconds=seconds), multiple=bool(said.flag("multiple")))


def due(call: Call) -> datetime | None:
    """When it is to be posted, if not now: at least five minutes from now."""
    said = call.params.text("scheduled_at").strip()
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("Validation failed: Scheduled at is not a date") from error
    if found < call.now + SOONEST:
        raise Invalid("Validation failed: Scheduled at must be at least 5 minutes in the future")
    return found


def focus(params: Params) -> tuple[float, float] | None:
    """The point of a picture that has to stay in sight, each from -1 to 1; None where none was said."""
    said = params.text("focus")
    if not said:
        return None
    found = _POINT.fullmatch(said)
    if found is None or len(said) > 60:  # noqa: PLR2004 -- two numbers are never longer
        raise Invalid("Validation failed: Focus must be two numbers such as 0.0,0.5")
    x, y = (max(-1.0, min(1.0, float(part))) for part in found.groups())
    return x, y


def draft(tx: Connection, call: Call, wish: Wish, people: Mapping[str, int]) -> Draft:
    """What is to be posted, and where. Raises Invalid for pictures or an audience that cannot be, NotFound."""
    if wish.allowed is not None and not wish.allowed.issuperset(people.values()):
        raise Invalid("Post would be sent to unexpected accounts")
    found = uploaded.several(tx, ids=wish.media, owner_id=call.person, other_id=call.me)
    if len(found) < len(wish.media) or any(each.post_id is not None for each in found):
        raise Invalid("Media not found or already attached")
    usual = relations.habits(tx, actor_id=call.person)
    visibility, room_id = _place(tx, call, wish, people, usual=usual.default_visibility)
    return Draft(
        text=wish.text,
        visibility=visibility,
        warning=wish.warning or None,
        language=wish.language or usual.default_language or USUAL_LANGUAGE,
        sensitive=usual.default_sensitive if wish.sensitive is None else wish.sensitive,
        in_reply_to=wish.reply_to,
        room=room_id,
        media=tuple(each.key for each in found),
        poll=wish.poll,
        quote=wish.quote,
        quote_policy=wish.policy,
    )


def _place(
    tx: Connection, call: Call, wish: Wish, people: Mapping[str, int], *, usual: Visibility
) -> tuple[Visibility, int | None]:
    if wish.reply_to is not None:
        answered = places.answered(tx, post_id=wish.reply_to, viewer=call.me)
        if answered is None:
            raise nothing()
        return _answering(wish.audience or answered, answered), None
    asked = wish.audience or Visibility(usual)
    room = next(iter(places.rooms(tx, list(dict.fromkeys(people.values())), member=call.me)), None)
    if room is None:
        return asked, None
    if asked is Visibility.MENTIONED:
        raise Invalid("A staffroom reads nothing that is for a few people: choose followers only, for its members.")
    return (Visibility.ROOM if room.is_private or asked is Visibility.FOLLOWERS else asked), room.id


def _answering(asked: Visibility, answered: Visibility) -> Visibility:
    if answered is Visibility.ROOM and asked is not Visibility.MENTIONED:
        return Visibility.ROOM
    return audience.narrower(asked, answered)
