"""Making and changing filters. Whose a filter is, is asked here too: what is somebody else's is as if it were not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, update

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.base import insert, lock
from fedishare.db.filters import Filter, FilterKeyword, FilterStatus
from fedishare.domain.filters import FilterAction, FilterContext
from fedishare.domain.kinds import HappeningKind
from fedishare.queries import filters, sight
from fedishare.queries.filters import FilterRow
from fedishare.services import happenings

LONGEST_TITLE: Final = 256
LONGEST_KEYWORD: Final = 512
MOST_FILTERS: Final = 200
# All keywords are looked for in every post that their owner is shown.
MOST_KEYWORDS: Final = 1_000
MOST_STATUSES: Final = 1_000

ADD: Final = insert(Filter)
CHANGE: Final = (
    update(Filter)
    .where(Filter.id == bindparam("filter"))
    .values(
        title=bindparam("said"), contexts=bindparam("where"), action=bindparam("what"), expires_at=bindparam("until")
    )
)
REMOVE: Final = delete(Filter).where(Filter.id == bindparam("filter"))
ADD_KEYWORD: Final = insert(FilterKeyword)
CHANGE_KEYWORD: Final = (
    update(FilterKeyword)
    .where(FilterKeyword.id == bindparam("row"))
    .values(keyword=bindparam("said"), whole_word=bindparam("whole"))
)
REMOVE_KEYWORD: Final = delete(FilterKeyword).where(FilterKeyword.id == bindparam("row"))
ADD_STATUS: Final = (
    insert(FilterStatus).on_conflict_do_nothing(index_elements=["filter_id", "post_id"]).returning(FilterStatus.id)
)
REMOVE_STATUS: Final = delete(FilterStatus).where(FilterStatus.id == bindparam("row"))


class Wording(NamedTuple):
    """What a filter is to be."""

    title: str
    contexts: Sequence[str]
    action: str
    expires_at: datetime | None


class KeywordChange(NamedTuple):
    """A keyword to add, or, with an id, to change: None leaves a part of it as it is."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    is_removed: bool = False


def create(
    tx: Connection, here: Here, *, owner_id: int, wording: Wording, keywords: Sequence[KeywordChange] = ()
) -> FilterRow:
    """Raises Invalid for what cannot be a filter."""
    lock(tx, f"filters of {owner_id}")
    if len(filters.of(tx, owner_id=owner_id)) >= MOST_FILTERS:
        raise Invalid(f"There can be no more than {MOST_FILTERS} filters.")
    filter_id = here.ids.new()
    row = _checked(wording)
    tx.execute(
        ADD,
        {
            "id": filter_id,
            "owner_id": owner_id,
            "title": row.title,
            "contexts": list(row.contexts),
            "action": row.action,
            "expires_at": row.expires_at,
            "created_at": here.now(),
        },
    )
    return revise(tx, here, owner_id=owner_id, filter_id=filter_id, keywords=keywords)


def revise(
    tx: Connection,
    here: Here,
    *,
    owner_id: int,
    filter_id: int,
    wording: Wording | None = None,
    keywords: Sequence[KeywordChange] = (),
) -> FilterRow:
    """Change a filter, its keywords, or both. Raises NotFound for what is not this owner's, and Invalid."""
    mine = _own(tx, owner_id, filter_id)
    if wording is not None:
        said = _checked(wording)
        values = {"said": said.title, "where": list(said.contexts), "what": said.action, "until": said.expires_at}
        tx.execute(CHANGE, {"filter": filter_id} | values)
    known = {each.id: each for each in mine.keywords}
    for change in keywords:
        if change.id is None:
            add_keyword(tx, here, filter_id=filter_id, change=change)
        elif change.id not in known:
            raise NotFound("Record not found")
        elif change.is_removed:
            tx.execute(REMOVE_KEYWORD, {"row": change.id})
        else:
            former = known[change.id]
            said_now = former.keyword if change.keyword is None else _keyword(change.keyword)
            whole = former.whole_word if change.whole_word is None else change.whole_word
            tx.execute(CHANGE_KEYWORD, {"row": change.id, "said": said_now, "whole": whole})
    happenings.note(tx, here, kind=HappeningKind.FILTERS, actor_id=owner_id)
    found = filters.of(tx, owner_id=owner_id)
    if sum(len(each.keywords) for each in found) > MOST_KEYWORDS:
        raise Invalid(f"There can be no more than {MOST_KEYWORDS} keywords in all filters together.")
    return next(each for each in found if each.id == filter_id)


def add_keyword(tx: Connection, here: Here, *, filter_id: int, change: KeywordChange) -> None:
    """Into a filter that is the caller's own. One that is added and removed at once is neither."""
    if change.is_removed:
        return
    row = {"id": here.ids.new(), "filter_id": filter_id, "keyword": _keyword(change.keyword or "")}
    tx.execute(ADD_KEYWORD, row | {"whole_word": change.whole_word is not False})


def remove(tx: Connection, here: Here, *, owner_id: int, filter_id: int) -> None:
    _own(tx, owner_id, filter_id)
    tx.execute(REMOVE, {"filter": filter_id})
    happenings.note(tx, here, kind=HappeningKind.FILTERS, actor_id=owner_id)


def remove_keyword(
    tx: Connection, here: Here, *, owner_id: int, keyword_id: int, with_empty_filter: bool = False
) -> None:
    """`with_empty_filter` takes a filter away in which nothing else is left."""
    found = filters.of_keyword(tx, owner_id=owner_id, keyword_id=keyword_id)
    if found is None:
        raise NotFound("Record not found")
    tx.execute(REMOVE_KEYWORD, {"row": keyword_id})
    happenings.note(tx, here, kind=HappeningKind.FILTERS, actor_id=owner_id)
    row, _ = found
    if with_empty_filter and len(row.keywords) == 1 and not row.statuses:
        tx.execute(REMOVE, {"filter": row.id})


def add_status(tx: Connection, here: Here, *, owner_id: int, filter_id: int, post_id: int) -> int:
    """Put one post into a filter. Answers with the id of its being there. Raises NotFound for what they cannot see."""
    mine = _own(tx, owner_id, filter_id)
    there = next((each.id for each in mine.statuses if each.post_id == post_id), None)
    if there is not None:
        return there
    if len(mine.statuses) >= MOST_STATUSES:
        raise Invalid(f"There can be no more than {MOST_STATUSES} posts in a filter.")
    if not sight.may_see(tx, post_id=post_id, viewer=owner_id):
        raise NotFound("Record not found")
    happenings.note(tx, here, kind=HappeningKind.FILTERS, actor_id=owner_id)
    row = {"id": here.ids.new(), "filter_id": filter_id, "post_id": post_id}
    made: int | None = tx.execute(ADD_STATUS, row).scalar()
    return made if made is not None else add_status(tx, here, owner_id=owner_id, filter_id=filter_id, post_id=post_id)


def remove_status(tx: Connection, here: Here, *, owner_id: int, status_id: int) -> None:
    if filters.of_status(tx, owner_id=owner_id, status_id=status_id) is None:
        raise NotFound("Record not found")
    tx.execute(REMOVE_STATUS, {"row": status_id})
    happenings.note(tx, here, kind=HappeningKind.FILTERS, actor_id=owner_id)


def _own(tx: Connection, owner_id: int, filter_id: int) -> FilterRow:
    found = filters.one(tx, owner_id=owner_id, filter_id=filter_id)
    if found is None:
        raise NotFound("Record not found")
    return found


def _checked(wording: Wording) -> Wording:
    title = wording.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(f"Validation failed: a filter needs a title of at most {LONGEST_TITLE} characters.")
    contexts = list(dict.fromkeys(wording.contexts))
    if not contexts or not set(contexts) <= set(FilterContext):
        raise Invalid(f"Validation failed: the context is one or more of {', '.join(FilterContext)}.")
    if wording.action not in set(FilterAction):
        raise Invalid(f"Validation failed: the filter action is one of {', '.join(FilterAction)}.")
    return Wording(title, contexts, FilterAction(wording.action), wording.expires_at)


def _keyword(text: str) -> str:
    keyword = " ".join(text.split())
    if not keyword or len(keyword) > LONGEST_KEYWORD:
        raise Invalid(f"Validation failed: a keyword has one to {LONGEST_KEYWORD} characters.")
    return keyword
