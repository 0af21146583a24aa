"""Flag: another server reports one of our people."""

from sqlalchemy import Connection

from fedishare.domain import markup
from fedishare.inbox.context import Context, Done, Ignored, Outcome, Verified
from fedishare.queries import known
from fedishare.services import reports

LONGEST_COMMENT = 5_000


def flag(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """One of our accounts has to be named, as Mastodon demands; of the posts, only what everybody may see (ORG-30)."""
    named = known.local_among(tx, uris=activity.activity.objects)
    reported = next((actor for actor in named if actor.deleted_at is None), None)
    if reported is None:
        return Ignored("reports nobody here")
    posts = known.open_posts_among(tx, uris=activity.activity.objects, author_id=reported.id)
    comment = markup.text(markup.plain(activity.activity.content), limit=LONGEST_COMMENT)
    uri = activity.activity.id or activity.stored_as
    filed = reports.file(
        tx, ctx.here, reporter_id=activity.sender.id, target_id=reported.id, posts=posts, comment=comment, uri=uri
    )
    return Done("report") if filed else Ignored("the report is known, or was added to one that waits")
