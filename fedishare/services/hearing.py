"""What somebody wants to hear of those they follow: their boosts, a notice of each post, which languages."""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import BigId
from fedishare.db.follows import Block, Follow, Mute
from fedishare.db.handles import Handle
from fedishare.db.posts import Home
from fedishare.domain.kinds import FollowState, NoticeKind
from fedishare.services import notices, timelines

MOST_LANGUAGES: Final = 20
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.ASCII)
_follow = update(Follow).where(Follow.follower_id == bindparam("follower"), Follow.followee_id == bindparam("followee"))
BOOSTS: Final = _follow.values(boosts=bindparam("wanted"))
NOTIFY: Final = _follow.values(notify=bindparam("wanted"))
LANGUAGES: Final = _follow.values(languages=bindparam("wanted"))
TAKE_BOOSTS: Final = delete(Home).where(
    Home.reader_id == bindparam("follower"), Home.booster_id == bindparam("followee")
)
_author: Final = bindparam("author", type_=BigId)
_reads_here = exists().where(Account.actor_id == Follow.follower_id, Account.disabled_at.is_(None)) | exists().where(
    Handle.actor_id == Follow.follower_id
)
EARS: Final = (
    select(Follow.follower_id)
    .where(Follow.followee_id == _author, Follow.notify, Follow.state == FollowState.ACCEPTED, _reads_here)
    .where(~exists().where(Block.blocker_id == Follow.follower_id, Block.blocked_id == _author))
    .where(~exists().where(Mute.muter_id == Follow.follower_id, Mute.muted_id == _author, Mute.notices))
    .where(timelines.speaks_to_them(bindparam("post", type_=BigId)))
    .order_by(Follow.follower_id)
)


def show_boosts(tx: Connection, *, follower_id: int, followee_id: int, wanted: bool) -> None:
    """What they boosted so far goes from the home at once, and does not come back with the wish."""
    pair = {"follower": follower_id, "followee": followee_id}
    tx.execute(BOOSTS, pair | {"wanted": wanted})
    if not wanted:
        tx.execute(TAKE_BOOSTS, pair)


def notify(tx: Connection, *, follower_id: int, followee_id: int, wanted: bool) -> None:
    tx.execute(NOTIFY, {"follower": follower_id, "followee": followee_id, "wanted": wanted})


def choose_languages(tx: Connection, *, follower_id: int, followee_id: int, languages: Sequence[str]) -> None:
    """All languages, where none is named. What says no language is shown in any case. Raises Invalid."""
    named = list(dict.fromkeys(each.strip().lower() for each in languages if each.strip()))
    if len(named) > MOST_LANGUAGES or not all(map(_LANGUAGE.fullmatch, named)):
        raise Invalid("Validation failed: Languages are two or three letters each, such as en")
    wanted = f" {' '.join(named)} " if named else None
    tx.execute(LANGUAGES, {"follower": follower_id, "followee": followee_id, "wanted": wanted})


def tell(tx: Connection, here: Here, *, author_id: int, post_id: int, uri: str, but: set[int]) -> None:
    """Somebody wrote: those are told who want to be told of each post, but for those who are told of it anyway."""
    ears = [each for each in tx.scalars(EARS, {"author": author_id, "post": post_id}).all() if each not in but]
    kind = NoticeKind.POSTED
    notices.spread(tx, here, ears=ears, kind=kind, actor_id=author_id, cause=uri, post_id=post_id)
