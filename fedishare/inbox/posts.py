"""Create, Update and Delete of posts, as other servers send them."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import Invalid, Refused
from fedishare.inbox import people, polls, quotes, reading, trust
from fedishare.inbox.context import Context, Done, Ignored, Need, Outcome, Verified, Wanted
from fedishare.queries import known
from fedishare.services import arrivals, reactions, threads
from fedishare.services.drafts import ForeignPost

# As in Mastodon: an edit of something we never had is news only while the thing itself is new.
NEWS_FOR: Final = timedelta(days=1)


def prepare(activity: Verified, ctx: Context) -> ForeignPost | Ignored | None:
    """Read and clean the post that came along. What lives elsewhere, or is another's, is none of the sender's."""
    said = activity.activity
    if said.inner is None:
        return None
    if said.object is None:
        return Ignored("the object has no id")
    if ctx.here.uris.is_ours(said.object):
        raise Refused("This address is on our server.")
    if not hosts.same_origin(said.object, said.actor):
        return Ignored("the object lives on another server")
    if (said.inner.ref("attributedTo") or said.actor) != said.actor:
        raise Refused("The object is somebody else's.")
    post = reading.post(said.inner, now=ctx.now, activity=said)
    is_empty = post.vote is None and reading.is_empty(post)
    return Ignored("there is nothing in it to show") if is_empty else post


def create_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    return _by_reference(tx, activity, ctx, Wanted.POST)


def update_needs(tx: Connection, activity: Verified, ctx: Context) -> tuple[Need, ...]:
    if activity.activity.object == activity.sender.uri:
        return people.update_needs(tx, activity, ctx)
    return _by_reference(tx, activity, ctx, Wanted.POST_AGAIN)


def _by_reference(tx: Connection, activity: Verified, ctx: Context, wanted: Wanted) -> tuple[Need, ...]:
    uri = activity.activity.object
    if ctx.post is not None or uri is None or not hosts.same_origin(uri, activity.sender.uri):
        return ()
    post = known.post(tx, uri=uri)
    if wanted is Wanted.POST and post is not None:
        return ()
    return (Need(wanted, uri),) if post is not None or _may_concern_us(tx, activity) else ()


def _may_concern_us(tx: Connection, activity: Verified) -> bool:
    """Nothing is fetched for a stranger who names nobody here."""
    said = activity.activity
    if known.is_followed_here(tx, actor_id=activity.sender.id):
        return True
    return known.reaches_us(tx, uris=(*said.to, *said.cc, *said.audience))


def create(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    if ctx.post is None:
        return _fetched(tx, activity)
    if ctx.post.vote is not None:
        return polls.vote(tx, activity, ctx, ctx.post)
    post = reading.attribute(tx, ctx.post, author=activity.sender)
    if not reading.is_for_us(tx, post):
        return Ignored("it is for nobody here")
    kept = arrivals.store(tx, ctx.here, post, activity_uri=activity.stored_as)
    if kept is None:
        return Done("used it") if post.use else Ignored("it was deleted, not welcome, or is for nobody here")
    if not kept.is_new:
        found = known.post(tx, uri=post.uri)
        if found is not None and found.author_id != activity.sender.id:
            raise Refused("This post is somebody else's.")
        return Ignored("the post is known")
    _pass_on(tx, activity, ctx, post_id=kept.id)
    return Done("post")


def update(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """An edit counts if it is newer than what we have; who may see the post never changes."""
    if activity.activity.object == activity.sender.uri:
        return people.update(tx, activity, ctx)
    if ctx.post is None:
        return _fetched(tx, activity)
    if ctx.post.vote is not None:
        return Ignored("a vote stays as it was cast")
    post = reading.attribute(tx, ctx.post, author=activity.sender)
    found = known.post(tx, uri=post.uri)
    if found is None:
        is_news = post.published_at >= ctx.now - NEWS_FOR
        return create(tx, activity, ctx) if is_news else Ignored("an edit of an old post that we never had")
    if found.author_id != activity.sender.id:
        raise Refused("This post is somebody else's.")
    if not arrivals.revise(tx, ctx.here, post, activity_uri=activity.stored_as):
        return Ignored("what we have is as new")
    _pass_on(tx, activity, ctx, post_id=found.id)
    return Done("edit")


def delete(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """Everybody deletes their own: themselves, a post, a like or boost that they name by its id, or a stamp."""
    uri, sender = activity.activity.object, activity.sender
    if uri is None:
        raise Invalid("A deletion says what is deleted.")
    if uri == sender.uri:
        return people.leave(tx, activity, ctx)
    if not hosts.same_origin(uri, sender.uri) or known.actor(tx, uri=uri) is not None:
        raise Refused("This is not yours to delete.")
    reaction = known.reaction(tx, uri=uri)
    if reaction is not None and reaction.actor_id == sender.id:
        reactions.remove(tx, ctx.here, kind=reaction.kind, actor_id=sender.id, post_id=reaction.post_id)
        return Done(f"{reaction.kind.value} taken back")
    if quotes.revoke(tx, activity, ctx):
        return Done("quote taken back")
    found = known.post(tx, uri=uri)
    if found is not None and found.author_id != sender.id:
        raise Refused("This is not yours to delete.")
    erased = arrivals.erase(tx, ctx.here, uri=uri, by_id=sender.id, activity_uri=activity.stored_as)
    if erased and found is not None:
        _pass_on(tx, activity, ctx, post_id=found.id)
    return Done("deletion" if erased else "deletion remembered")


def _pass_on(tx: Connection, activity: Verified, ctx: Context, *, post_id: int) -> None:
    """Forward an answer to one of ours, if others can believe it without us: it carries its actor's proof (F22)."""
    if activity.stored_as is None or "proof" not in activity.data:
        return
    if trust.is_proved(tx, activity.data, actor_uri=activity.sender.uri):
        threads.forward(tx, ctx.here, post_id=post_id, activity_uri=activity.stored_as)


def _fetched(tx: Connection, activity: Verified) -> Outcome:
    """Only the address came; what is there was fetched, if it could be."""
    uri = activity.activity.object
    found = known.post(tx, uri=uri) if uri else None
    return Done("post fetched") if found is not None else Ignored("there is no such post at its address")
