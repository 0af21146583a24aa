"""Files that were found harmful or damaged after they were taken: nobody gets them, and their owner is told."""

from typing import Final

from sqlalchemy import Connection, bindparam, select

from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.db.uploads import Upload
from fedishare.db.versions import FormerFile
from fedishare.domain.kinds import FileState, NoticeKind
from fedishare.services import notices, uploads

HARMFUL: Final = (
    "The virus scanner found something harmful in {name}, so nobody can download it. Take it out of what you share, "
    "have your computer looked at, and add the file again from a copy that you trust."
)
DAMAGED: Final = (
    "{name} is no longer as you sent it, so nobody can download it. Take it out of what you share and add it again; "
    "if this happens again, tell whoever looks after this node."
)

# Who sent it; of what was sent long ago only the author of the resource is known.
SENDERS: Final = (
    select(Upload.owner_id, Upload.name, Upload.post_id)
    .join(Account, Account.actor_id == Upload.owner_id)
    .where(Upload.storage_key == bindparam("stored"))
)
AUTHORS: Final = tuple(
    select(Post.author_id, held.name, Post.id)
    .join(Post, Post.id == held.post_id)
    .join(Account, Account.actor_id == Post.author_id)
    .where(held.storage_key == bindparam("stored"), Post.local)
    for held in (ResourceFile, FormerFile)
)


def refuse(tx: Connection, here: Here, *, storage_key: str, why: str) -> None:
    """Nobody gets the file from now on. `why` is one of the sentences above; nobody is told twice of one file."""
    uploads.settle(tx, storage_key=storage_key, state=FileState.REFUSED)
    found = tx.execute(SENDERS, {"stored": storage_key}).all()
    found = found or [row for each in AUTHORS for row in tx.execute(each, {"stored": storage_key})]
    for owner_id, name, post_id in found:
        notices.spread(
            tx,
            here,
            ears=[owner_id],
            kind=NoticeKind.FILE,
            actor_id=owner_id,
            cause=f"file {storage_key}",
            post_id=post_id,
            line=why.format(name=name),
        )
