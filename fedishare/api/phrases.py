"""Filters as the first version of the API knew them: one keyword each, by whose id they go."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import filters as entities
from fedishare.api.entities.filters import V1Filter
from fedishare.api.filters import until
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.domain.filters import FilterAction
from fedishare.queries import filters
from fedishare.queries.filters import FilterRow, KeywordRow
from fedishare.services import filters as services
from fedishare.services.filters import KeywordChange, Wording

routes: Final = Routes()


@routes.reads("GET", "/api/v1/filters", scope="read:filters")
def show_all(tx: Connection, call: Call) -> list[V1Filter]:
    return [each for row in filters.of(tx, owner_id=call.me) for each in entities.first_version(row)]


@routes.writes("POST", "/api/v1/filters", scope="write:filters")
def create(tx: Connection, call: Call) -> V1Filter:
    phrase = call.params.text("phrase")
    wording = Wording(phrase[: services.LONGEST_TITLE], call.params.texts("context"), _action(call), until(call))
    # What says nothing of whole words does not ask for them, in this version.
    keyword = KeywordChange(keyword=phrase, whole_word=bool(call.params.flag("whole_word")))
    row = services.create(tx, call.here, owner_id=acting.me(tx, call), wording=wording, keywords=[keyword])
    return entities.of_keyword(row, row.keywords[0])


@routes.reads("GET", "/api/v1/filters/{id}", scope="read:filters")
def show(tx: Connection, call: Call) -> V1Filter:
    return entities.of_keyword(*_own(tx, call))


@routes.writes("PUT", "/api/v1/filters/{id}", scope="write:filters")
def change(tx: Connection, call: Call) -> V1Filter:
    """Where other keywords share its filter, only the keyword itself can be changed by these means."""
    row, keyword = _own(tx, call)
    sent = call.params
    phrase = sent.text("phrase", keyword.keyword)
    wording = Wording(
        row.title if len(row.keywords) > 1 or "phrase" not in sent else phrase[: services.LONGEST_TITLE],
        sent.texts("context") if "context" in sent else list(row.contexts),
        _action(call) if "irreversible" in sent else row.action,
        until(call) if "expires_in" in sent else row.expires_at,
    )
    if len(row.keywords) > 1 and wording != (row.title, list(row.contexts), row.action, row.expires_at):
        raise Invalid("This filter has other keywords: change it with an app that knows filters of several keywords.")
    one = KeywordChange(id=keyword.id, keyword=phrase, whole_word=sent.flag("whole_word"))
    services.revise(tx, call.here, owner_id=acting.me(tx, call), filter_id=row.id, wording=wording, keywords=[one])
    return entities.of_keyword(*_own(tx, call))


@routes.writes("DELETE", "/api/v1/filters/{id}", scope="write:filters")
def remove(tx: Connection, call: Call) -> None:
    services.remove_keyword(tx, call.here, owner_id=acting.me(tx, call), keyword_id=call.id(), with_empty_filter=True)


def _own(tx: Connection, call: Call) -> tuple[FilterRow, KeywordRow]:
    found = filters.of_keyword(tx, owner_id=call.me, keyword_id=call.id())
    if found is None:
        raise nothing()
    return found


def _action(call: Call) -> FilterAction:
    return FilterAction.HIDE if call.params.flag("irreversible") else FilterAction.WARN
