"""Flag: another server reports one of our people."""

from sqlalchemy import Connection

from fedishare.domain import markup
from fedishare.inbox.context import Context, Done, Ignored, Outcome, Verified
from fedishare.queries import known
from fedishare.queries import rulings as decided
from fedishare.services import reports

LONGEST_COMMENT = 5_000


def flag(tx: Connection, activity: Verified, ctx: Context) -> Outcome:
    """About one of our accounts, as Mastodon demands, or about what somebody wrote in a room of ours, as Lemmy does.

    Of the posts only what everybody may see is kept (ORG-30).
    """
    named = known.local_among(tx, uris=activity.activity.objects)
    reported = next((actor for actor in named if actor.deleted_at is None), None)
    reported_id = reported.id if reported is not None else decided.author_in_our_rooms(tx, activity.activity.objects)
    if reported_id is None:
        return Ignored("reports nobody here")
    posts = known.open_posts_among(tx, uris=activity.activity.objects, author_id=reported_id)
    comment = markup.text(markup.plain(activity.activity.content), limit=LONGEST_COMMENT)
    uri = activity.activity.id or activity.stored_as
    filed = reports.file(
        tx, ctx.here, reporter_id=activity.sender.id, target_id=reported_id, posts=posts, comment=comment, uri=uri
    )
    return Done("report") if filed else Ignored("the report is known, or was added to one that waits")
