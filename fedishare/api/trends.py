"""What is talked about this week. A school that hides its timelines hides this too."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import statuses, tags
from fedishare.api.entities.tags import History, Tag
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.queries import interests, trends
from fedishare.queries.trends import Trend

USUAL: Final = 10
MOST: Final = 40

routes: Final = Routes()


@routes.reads("GET", "/api/v1/trends", scope=PUBLIC, token=Token.MAYBE)
@routes.reads("GET", "/api/v1/trends/tags", scope=PUBLIC, token=Token.MAYBE)
def used(tx: Connection, call: Call) -> list[Tag]:
    """Counted once a minute."""
    page, offset = call.page(usual=USUAL, most=MOST), call.offset()
    if _is_hidden(call):
        return []

    def count(keys: list[int]) -> dict[int, list[Trend]]:
        return dict.fromkeys(keys, trends.tags(tx, now=call.now, most=MOST))

    found: list[Trend] = call.kept.trends.get([0], count, at=call.moment)[0][offset : offset + page.limit]
    names = [each.name for each in found]
    followed = interests.follows(tx, actor_id=call.viewer, names=names) if call.viewer is not None else set()
    return [
        tags.tag(call, each.name, each.label, following=each.name in followed, history=_history(each)) for each in found
    ]


def _history(trend: Trend) -> tuple[History, ...]:
    return tuple(History(str(day.number * 86_400), str(day.uses), str(day.people)) for day in trend.days)


@routes.reads("GET", "/api/v1/trends/statuses", scope=PUBLIC, token=Token.MAYBE)
def liked(tx: Connection, call: Call) -> list[object]:
    page, offset = call.page(usual=20, most=MOST), call.offset()
    if _is_hidden(call):
        return []
    found = trends.posts(tx, viewer=call.viewer, now=call.now, offset=offset, limit=page.limit)
    return list(statuses.present(tx, call, found))


@routes.reads("GET", "/api/v1/featured_tags/suggestions", scope="read:accounts")
def own(tx: Connection, call: Call) -> list[Tag]:
    """What the asker writes about most, and does not show."""
    return [tags.tag(call, name, label) for name, label in trends.used_by(tx, actor_id=call.me, limit=USUAL)]


def _is_hidden(call: Call) -> bool:
    return call.settings.hides_timelines and call.viewer is None
