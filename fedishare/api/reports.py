"""Reporting somebody to the moderators."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import accounts
from fedishare.api.entities import reports as entities
from fedishare.api.entities.reports import Report
from fedishare.api.routes import Routes
from fedishare.core.errors import Invalid
from fedishare.domain.reports import ReportCategory
from fedishare.queries import reports
from fedishare.services import reports as services

routes: Final = Routes()


@routes.writes("POST", "/api/v1/reports", scope="write:reports")
def report(tx: Connection, call: Call) -> Report:
    me = acting.me(tx, call)
    sent = call.params
    target_id = next(iter(sent.ids("account_id")), None)
    if target_id is None:
        raise nothing()
    accounts.one(tx, call, target_id)
    if target_id == me:
        raise Invalid("Validation failed: you cannot report yourself.")
    comment = sent.text("comment").strip()
    if len(comment) > services.LONGEST_COMMENT:
        raise Invalid(f"Validation failed: the comment has at most {services.LONGEST_COMMENT} characters.")
    wanted = sent.ids("status_ids")[: services.MOST_POSTS]
    named = reports.named(tx, wanted, author_id=target_id, viewer=me)
    if set(named) != set(wanted):
        raise nothing()
    rules = tuple(sent.texts("rule_ids")[: services.MOST_RULES])
    filed = services.file(
        tx,
        call.here,
        reporter_id=me,
        target_id=target_id,
        posts=tuple(named[key] for key in wanted),
        comment=comment,
        forward=bool(sent.flag("forward")),
        category=_category(sent.text("category"), rules),
        rules=rules,
    )
    return entities.many(tx, call, [filed])[filed]


def _category(said: str, rules: tuple[str, ...]) -> ReportCategory:
    """Whoever names rules says that they were broken, whatever else they say."""
    if rules:
        return ReportCategory.VIOLATION
    if said not in {"", *ReportCategory}:
        raise Invalid(f"Validation failed: the category is one of {', '.join(ReportCategory)}.")
    return ReportCategory(said or ReportCategory.OTHER)
