"""Hashtags: following one, and showing one on one's page."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Answer, Call, nothing
from fedishare.api.entities import accounts, tags
from fedishare.api.entities.tags import FeaturedTag, Tag
from fedishare.api.routes import Routes, Token
from fedishare.core.errors import Invalid
from fedishare.domain import markup
from fedishare.queries import interests
from fedishare.services import interests as following
from fedishare.services import pins

routes: Final = Routes()


@routes.reads("GET", "/api/v1/tags/{id}", scope="read:follows", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Tag:
    return _tag(tx, call, _name(call))


@routes.writes("POST", "/api/v1/tags/{id}/follow", scope="write:follows")
def follow(tx: Connection, call: Call) -> Tag:
    name = _name(call)
    following.follow(tx, call.here, actor_id=acting.me(tx, call), label=call.path["id"])
    return _tag(tx, call, name)


@routes.writes("POST", "/api/v1/tags/{id}/unfollow", scope="write:follows")
def unfollow(tx: Connection, call: Call) -> Tag:
    name = _name(call)
    following.unfollow(tx, actor_id=acting.me(tx, call), label=name)
    return _tag(tx, call, name)


@routes.reads("GET", "/api/v1/followed_tags", scope="read:follows")
def followed(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=100, most=200)
    found = interests.followed(
        tx, actor_id=call.me, before=page.before, above=page.above, limit=page.limit, is_upward=page.is_upward
    )
    shown = [tags.tag(call, each.name, each.label, following=True) for each in found]
    ends = (found[0].key, found[-1].key) if found else (None, None)
    return call.listed(shown, page=page, newest=ends[0], oldest=ends[1])


@routes.reads("GET", "/api/v1/featured_tags", scope="read:accounts")
def featured(tx: Connection, call: Call) -> list[FeaturedTag]:
    me = accounts.one(tx, call, call.me)
    return [tags.featured(each, page=me.url) for each in interests.shown(tx, actor_id=call.me)]


@routes.writes("POST", "/api/v1/featured_tags", scope="write:accounts")
def feature(tx: Connection, call: Call) -> FeaturedTag:
    label = call.params.text("name").strip().removeprefix("#")
    name = markup.fold_tag(label)
    if not name:
        raise Invalid("Validation failed: Tag is invalid")
    pins.show_tag(tx, actor_id=acting.me(tx, call), label=label)
    shown = {each.name: each for each in interests.shown(tx, actor_id=call.me)}
    if name not in shown:
        raise Invalid(f"Validation failed: You have already featured the maximum number of hashtags, {pins.MOST}")
    return tags.featured(shown[name], page=accounts.one(tx, call, call.me).url)


@routes.writes("DELETE", "/api/v1/featured_tags/{id}", scope="write:accounts")
def hide(tx: Connection, call: Call) -> None:
    me, wanted = acting.me(tx, call), call.id()
    shown = [each.name for each in interests.shown(tx, actor_id=me) if tags.number(each.name) == wanted]
    if not shown:
        raise nothing()
    pins.hide_tag(tx, actor_id=me, label=shown[0])


@routes.writes("POST", "/api/v1/tags/{id}/feature", scope="write:accounts")
def feature_by_name(tx: Connection, call: Call) -> Tag:
    name = _name(call)
    pins.show_tag(tx, actor_id=acting.me(tx, call), label=call.path["id"].removeprefix("#"))
    return _tag(tx, call, name)


@routes.writes("POST", "/api/v1/tags/{id}/unfeature", scope="write:accounts")
def hide_by_name(tx: Connection, call: Call) -> Tag:
    name = _name(call)
    pins.hide_tag(tx, actor_id=acting.me(tx, call), label=name)
    return _tag(tx, call, name)


def _name(call: Call) -> str:
    """The folded name; nothing has one that cannot be a hashtag."""
    name = markup.fold_tag(call.path["id"])
    if not name:
        raise nothing()
    return name


def _tag(tx: Connection, call: Call, name: str) -> Tag:
    label = interests.label(tx, name=name) or call.path["id"].removeprefix("#")
    if call.viewer is None:
        return tags.tag(call, name, label)
    is_followed = name in interests.follows(tx, actor_id=call.viewer, names=[name])
    is_shown = any(each.name == name for each in interests.shown(tx, actor_id=call.viewer))
    return tags.tag(call, name, label, following=is_followed, featuring=is_shown)
