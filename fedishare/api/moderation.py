"""What moderators and administrators do from an app: accounts, reports, blocked servers. Each with its own right."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Answer, Call, Page, nothing
from fedishare.api.entities import moderation as entities
from fedishare.api.entities.moderation import AdminAccount, AdminDomainBlock, AdminReport
from fedishare.api.routes import Routes
from fedishare.api.turning import turned
from fedishare.core.errors import Invalid, Refused
from fedishare.domain.decisions import DecisionKind
from fedishare.domain.permissions import Verb, may
from fedishare.domain.reports import ReportCategory
from fedishare.queries import decisions, nodes, reports
from fedishare.queries.decisions import Asked
from fedishare.queries.nodes import BlockedLine
from fedishare.services import decisions as services
from fedishare.services import nodes as node_services

USUAL: Final = 100
MOST: Final = 200
# What this node can do of what apps can ask for.
ACTIONS: Final = {"none": DecisionKind.WARN, "disable": DecisionKind.DISABLE, "suspend": DecisionKind.SUSPEND}

routes: Final = Routes()


def desk(call: Call, verb: Verb = Verb.DECIDE_REPORTS) -> int:
    """Who decides. Raises Refused for everybody who may not, and for whoever speaks as a handle."""
    if call.who.is_as_handle or not may(call.who.role, verb):
        raise Refused("This action is not allowed")
    return call.person


# --- Accounts ---


@routes.reads("GET", "/api/v1/admin/accounts", scope="admin:read:accounts")
def show_accounts_first(tx: Connection, call: Call) -> Answer:
    """As the first version asks: one flag for each thing."""
    sent = call.params
    local, remote = sent.flag("local"), sent.flag("remote")
    return _accounts(
        tx,
        call,
        Asked(
            local=True if local else False if remote else None,
            suspended=True if sent.flag("suspended") else False if sent.flag("active") else None,
            disabled=True if sent.flag("disabled") else False if sent.flag("active") else None,
            staff=bool(sent.flag("staff")),
            **_named(call),
        ),
        is_nobody=bool(sent.flag("pending") or sent.flag("silenced") or sent.text("ip")),
    )


@routes.reads("GET", "/api/v2/admin/accounts", scope="admin:read:accounts")
def show_accounts(tx: Connection, call: Call) -> Answer:
    sent = call.params
    origin, status = sent.text("origin"), sent.text("status")
    return _accounts(
        tx,
        call,
        Asked(
            local={"local": True, "remote": False}.get(origin),
            suspended={"suspended": True, "active": False}.get(status),
            disabled={"disabled": True, "active": False}.get(status),
            staff=sent.text("permissions") == "staff",
            **_named(call),
        ),
        is_nobody=status in {"pending", "silenced"} or bool(sent.text("ip")),
    )


def _named(call: Call) -> dict[str, str]:
    sent = call.params
    fields = {"username": "username", "name": "display_name", "email": "email", "host": "by_domain"}
    return {name: sent.text(field).strip() for name, field in fields.items()}


def _accounts(tx: Connection, call: Call, asked: Asked, *, is_nobody: bool) -> Answer:
    """Nobody waits for approval here, is limited, or is known by an address of a line."""
    desk(call)
    page = call.page(usual=USUAL, most=MOST)
    if is_nobody:
        return Answer([])
    rows = decisions.accounts(
        tx, asked, before=page.before, above=page.above, limit=page.limit, is_upward=page.is_upward
    )
    return turned(call, entities.people(tx, call, rows), page=page, keys=[row.id for row in rows])


@routes.reads("GET", "/api/v1/admin/accounts/{id}", scope="admin:read:accounts")
def show_account(tx: Connection, call: Call) -> AdminAccount:
    desk(call)
    return _account(tx, call)


@routes.writes("POST", "/api/v1/admin/accounts/{id}/action", scope="admin:write:accounts")
def act(tx: Connection, call: Call) -> None:
    desk(call)
    kind = call.params.text("type") or "none"
    if kind not in ACTIONS:
        raise Invalid(f"Validation failed: this node can do {', '.join(ACTIONS)}, and not {kind[:40]}.")
    report_id = next(iter(call.params.ids("report_id")), None)
    if report_id is not None and report_id not in reports.by_ids(tx, [report_id]):
        raise nothing()
    _decide(tx, call, ACTIONS[kind], line=call.params.text("text"), report_id=report_id)


@routes.writes("POST", "/api/v1/admin/accounts/{id}/enable", scope="admin:write:accounts")
def enable(tx: Connection, call: Call) -> AdminAccount:
    _decide(tx, call, DecisionKind.ENABLE)
    return _account(tx, call)


@routes.writes("POST", "/api/v1/admin/accounts/{id}/unsuspend", scope="admin:write:accounts")
def unsuspend(tx: Connection, call: Call) -> AdminAccount:
    _decide(tx, call, DecisionKind.UNSUSPEND)
    return _account(tx, call)


@routes.writes("DELETE", "/api/v1/admin/accounts/{id}", scope="admin:write:accounts")
def delete(tx: Connection, call: Call) -> AdminAccount:
    """For good, of an account that is suspended. Answers how it stood before."""
    desk(call)
    former = _account(tx, call)
    _decide(tx, call, DecisionKind.DELETE)
    return former


@routes.writes("POST", "/api/v1/admin/accounts/{id}/unsilence", scope="admin:write:accounts")
@routes.writes("POST", "/api/v1/admin/accounts/{id}/unsensitive", scope="admin:write:accounts")
def leave_as_it_is(tx: Connection, call: Call) -> AdminAccount:
    """Nobody is limited here, so there is nothing to take back."""
    desk(call)
    return _account(tx, call)


@routes.writes("POST", "/api/v1/admin/accounts/{id}/approve", scope="admin:write:accounts")
@routes.writes("POST", "/api/v1/admin/accounts/{id}/reject", scope="admin:write:accounts")
def refuse(tx: Connection, call: Call) -> None:
    """Nobody waits for approval here."""
    desk(call)
    _account(tx, call)
    raise Refused("This action is not allowed")


def _decide(tx: Connection, call: Call, kind: DecisionKind, *, line: str = "", report_id: int | None = None) -> None:
    by, role = desk(call), call.who.role
    services.act(tx, call.here, by_id=by, role=role, kind=kind, target_id=call.id(), line=line, report_id=report_id)


def _account(tx: Connection, call: Call) -> AdminAccount:
    found = entities.people(tx, call, list(decisions.standings(tx, [call.id()]).values()))
    if not found:
        raise nothing()
    return found[0]


# --- Reports ---


@routes.reads("GET", "/api/v1/admin/reports", scope="admin:read:reports")
def show_reports(tx: Connection, call: Call) -> Answer:
    desk(call)
    page = call.page(usual=USUAL, most=MOST)
    rows = _reports(tx, call, page)
    return turned(call, entities.reports(tx, call, rows), page=page, keys=[row.id for row in rows])


def _reports(tx: Connection, call: Call, page: Page) -> list[reports.ReportRow]:
    ids = {name: _person(call, name) for name in ("account_id", "target_account_id")}
    return reports.page(
        tx,
        is_resolved=bool(call.params.flag("resolved")),
        reporter_id=ids["account_id"],
        target_id=ids["target_account_id"],
        before=page.before,
        above=page.above,
        limit=page.limit,
        is_upward=page.is_upward,
    )


def _person(call: Call, name: str) -> int:
    return next(iter(call.params.ids(name)), -1) if call.params.text(name) else 0


@routes.reads("GET", "/api/v1/admin/reports/{id}", scope="admin:read:reports")
def show_report(tx: Connection, call: Call) -> AdminReport:
    desk(call)
    return _report(tx, call)


@routes.writes("PUT", "/api/v1/admin/reports/{id}", scope="admin:write:reports")
def classify(tx: Connection, call: Call) -> AdminReport:
    desk(call)
    row, sent = reports.by_ids(tx, [call.id()]).get(call.id()), call.params
    if row is None:
        raise nothing()
    said = sent.text("category") or row.category
    if said not in set(ReportCategory):
        raise Invalid(f"Validation failed: the category is one of {', '.join(ReportCategory)}.")
    rules = tuple(sent.texts("rule_ids")) if "rule_ids" in sent else tuple(row.rules)
    services.classify(tx, report_id=row.id, category=ReportCategory(said), rules=rules)
    return _report(tx, call)


@routes.writes("POST", "/api/v1/admin/reports/{id}/assign_to_self", scope="admin:write:reports")
def assign(tx: Connection, call: Call) -> AdminReport:
    services.assign(tx, report_id=call.id(), to_id=desk(call))
    return _report(tx, call)


@routes.writes("POST", "/api/v1/admin/reports/{id}/unassign", scope="admin:write:reports")
def unassign(tx: Connection, call: Call) -> AdminReport:
    desk(call)
    services.assign(tx, report_id=call.id(), to_id=None)
    return _report(tx, call)


@routes.writes("POST", "/api/v1/admin/reports/{id}/resolve", scope="admin:write:reports")
def resolve(tx: Connection, call: Call) -> AdminReport:
    services.settle(tx, call.here, report_id=call.id(), by_id=desk(call))
    return _report(tx, call)


@routes.writes("POST", "/api/v1/admin/reports/{id}/reopen", scope="admin:write:reports")
def reopen(tx: Connection, call: Call) -> AdminReport:
    services.reopen(tx, call.here, report_id=call.id(), by_id=desk(call))
    return _report(tx, call)


def _report(tx: Connection, call: Call) -> AdminReport:
    found = entities.reports(tx, call, list(reports.by_ids(tx, [call.id()]).values()))
    if not found:
        raise nothing()
    return found[0]


# --- Servers ---


@routes.reads("GET", "/api/v1/admin/domain_blocks", scope="admin:read:domain_blocks")
def show_blocks(tx: Connection, call: Call) -> Answer:
    desk(call, Verb.BLOCK_NODES)
    page = call.page(usual=USUAL, most=MOST)
    rows = sorted(nodes.blocked(tx), key=lambda row: entities.number(row.domain), reverse=True)
    part = [row for row in rows if page.above < entities.number(row.domain) < page.before]
    part = part[-page.limit :] if page.is_upward and page.limit else part[: page.limit]
    return turned(call, list(map(entities.block, part)), page=page, keys=[entities.number(row.domain) for row in part])


@routes.writes("POST", "/api/v1/admin/domain_blocks", scope="admin:write:domain_blocks")
def block(tx: Connection, call: Call) -> AdminDomainBlock:
    by = desk(call, Verb.BLOCK_NODES)
    _require_whole(call)
    reason = call.params.text("private_comment") or call.params.text("public_comment")
    name = services.block_server(tx, call.here, by_id=by, domain=call.params.text("domain"), reason=reason)
    return entities.block(next(row for row in nodes.blocked(tx) if row.domain == name))


@routes.reads("GET", "/api/v1/admin/domain_blocks/{id}", scope="admin:read:domain_blocks")
def show_block(tx: Connection, call: Call) -> AdminDomainBlock:
    desk(call, Verb.BLOCK_NODES)
    return entities.block(_block(tx, call))


@routes.writes("PUT", "/api/v1/admin/domain_blocks/{id}", scope="admin:write:domain_blocks")
def reword(tx: Connection, call: Call) -> AdminDomainBlock:
    desk(call, Verb.BLOCK_NODES)
    _require_whole(call)
    row = _block(tx, call)
    if "private_comment" in call.params:
        node_services.reword(tx, domain=row.domain, reason=call.params.text("private_comment"))
    return entities.block(_block(tx, call))


@routes.writes("DELETE", "/api/v1/admin/domain_blocks/{id}", scope="admin:write:domain_blocks")
def unblock(tx: Connection, call: Call) -> AdminDomainBlock:
    by, row = desk(call, Verb.BLOCK_NODES), _block(tx, call)
    services.unblock_server(tx, call.here, by_id=by, domain=row.domain)
    return entities.block(row)


def _block(tx: Connection, call: Call) -> BlockedLine:
    row = next((row for row in nodes.blocked(tx) if entities.number(row.domain) == call.id()), None)
    if row is None:
        raise nothing()
    return row


def _require_whole(call: Call) -> None:
    if call.params.text("severity", "suspend") != "suspend":
        raise Invalid("Validation failed: a server is blocked altogether here; the severity is suspend.")


@routes.reads("GET", "/api/v1/admin/domain_allows", scope="admin:read:domain_allows")
@routes.reads("GET", "/api/v1/admin/ip_blocks", scope="admin:read:ip_blocks")
@routes.reads("GET", "/api/v1/admin/email_domain_blocks", scope="admin:read:email_domain_blocks")
@routes.reads("GET", "/api/v1/admin/canonical_email_blocks", scope="admin:read:canonical_email_blocks")
@routes.reads("GET", "/api/v1/admin/trends/tags", scope="admin:read")
@routes.reads("GET", "/api/v1/admin/trends/statuses", scope="admin:read")
@routes.reads("GET", "/api/v1/admin/trends/links", scope="admin:read")
def nothing_of_it(tx: Connection, call: Call) -> list[object]:  # noqa: ARG001 -- every endpoint has them
    """A node deals with every server that it has not blocked, and keeps none of the other lists (decision C11)."""
    desk(call, Verb.BLOCK_NODES)
    return []


@routes.reads("GET", "/api/v1/admin/domain_allows/{id}", scope="admin:read:domain_allows")
def show_allow(tx: Connection, call: Call) -> None:  # noqa: ARG001 -- every endpoint has them
    desk(call, Verb.BLOCK_NODES)
    raise nothing()


@routes.writes("POST", "/api/v1/admin/domain_allows", scope="admin:write:domain_allows")
@routes.writes("DELETE", "/api/v1/admin/domain_allows/{id}", scope="admin:write:domain_allows")
def allow(tx: Connection, call: Call) -> None:  # noqa: ARG001 -- every endpoint has them
    desk(call, Verb.BLOCK_NODES)
    raise Invalid(
        "Validation failed: this node keeps no list of allowed servers; it deals with all it has not blocked."
    )
