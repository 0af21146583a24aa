"""What moderators and administrators do to accounts, reports and servers, each with its line in their log."""

from typing import Final

from sqlalchemy import Connection, Executable, bindparam, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import UtcDateTime, insert
from fedishare.db.reports import Decision, Report
from fedishare.domain.decisions import DecisionKind
from fedishare.domain.permissions import Role, Verb, may
from fedishare.domain.reports import ReportCategory
from fedishare.queries import decisions, known
from fedishare.queries.decisions import Standing
from fedishare.services import nodes, suspensions

LONGEST_LINE: Final = 500
NOTE: Final = insert(Decision)
SET_DISABLED: Final = (
    update(Account)
    .where(Account.actor_id == bindparam("actor"))
    .values(disabled_at=bindparam("moment", type_=UtcDateTime()))
)
_report = update(Report).where(Report.id == bindparam("report")).returning(Report.target_id)
SETTLE: Final = _report.values(
    resolved_at=bindparam("moment", type_=UtcDateTime()), resolved_by_id=bindparam("moderator")
)
ASSIGN: Final = _report.values(assigned_id=bindparam("moderator"))
CLASSIFY: Final = _report.values(category=bindparam("said"), rules=bindparam("broken"))


def note(
    tx: Connection,
    here: Here,
    *,
    by_id: int | None,
    kind: DecisionKind,
    about: str,
    target_id: int | None = None,
    report_id: int | None = None,
    line: str = "",
) -> None:
    row = {"by_id": by_id, "kind": kind, "target_id": target_id, "report_id": report_id, "about": about}
    tx.execute(NOTE, row | {"line": line.strip()[:LONGEST_LINE], "at": here.now()})


def act(
    tx: Connection,
    here: Here,
    *,
    by_id: int,
    role: Role,
    kind: DecisionKind,
    target_id: int,
    line: str = "",
    report_id: int | None = None,
) -> None:
    """Warn, disable or enable, suspend or bring back, delete for good.

    Raises NotFound, and Refused where the role does not go so far.

    Accounts of this node are for administrators, people elsewhere for moderators too, who may block their
    whole server. Nobody acts against themselves.
    """
    target = decisions.standings(tx, [target_id]).get(target_id)
    if target is None:
        raise NotFound("Record not found")
    _require(by_id, role, target, kind)
    match kind:
        case DecisionKind.DISABLE | DecisionKind.ENABLE:
            if not target.local or target.role is None:
                raise Invalid("Only an account of this node can be disabled: suspend this one instead.")
            moment = here.now() if kind is DecisionKind.DISABLE else None
            tx.execute(SET_DISABLED, {"actor": target_id, "moment": moment})
        case DecisionKind.SUSPEND:
            suspensions.suspend(tx, here, actor_id=target_id, is_local=target.local)
        case DecisionKind.UNSUSPEND:
            _bring_back(tx, here, target)
        case DecisionKind.DELETE:
            _delete(tx, here, target)
        case _:
            pass  # A warning is the line in the log.
    about = target.username if target.local else f"{target.username}@{target.domain}"
    note(tx, here, by_id=by_id, kind=kind, about=f"@{about}", target_id=target_id, report_id=report_id, line=line)
    if report_id is not None:
        settle(tx, here, report_id=report_id, by_id=by_id)


def _require(by_id: int, role: Role, target: Standing, kind: DecisionKind) -> None:
    verb = Verb.MANAGE_ACCOUNTS if target.local and kind is not DecisionKind.WARN else Verb.BLOCK_NODES
    if not may(role, verb):
        raise Refused("This action is not allowed")
    if target.id == by_id:
        raise Refused("Nobody can act against their own account.")


def _bring_back(tx: Connection, here: Here, target: Standing) -> None:
    if not target.local and known.is_blocked(tx, hosts=[target.domain]):
        raise Refused("Their server is blocked, and they with it.")
    suspensions.bring_back(tx, here, actor_id=target.id, is_local=target.local)


def _delete(tx: Connection, here: Here, target: Standing) -> None:
    if not target.local or target.suspended_at is None:
        raise Refused("Only an account of this node that is suspended can be deleted.")
    if target.role is None:
        raise Refused("This is no account of a person.")
    suspensions.delete_for_good(tx, here, actor_id=target.id)


def settle(tx: Connection, here: Here, *, report_id: int, by_id: int) -> None:
    """Raises NotFound for a report that there is not."""
    _change(tx, SETTLE, report=report_id, moment=here.now(), moderator=by_id)
    note(tx, here, by_id=by_id, kind=DecisionKind.RESOLVE, about=f"report {report_id}", report_id=report_id)


def reopen(tx: Connection, here: Here, *, report_id: int, by_id: int) -> None:
    _change(tx, SETTLE, report=report_id, moment=None, moderator=None)
    note(tx, here, by_id=by_id, kind=DecisionKind.REOPEN, about=f"report {report_id}", report_id=report_id)


def assign(tx: Connection, *, report_id: int, to_id: int | None) -> None:
    """Who looks after it; nobody, without `to_id`."""
    _change(tx, ASSIGN, report=report_id, moderator=to_id)


def classify(tx: Connection, *, report_id: int, category: ReportCategory, rules: tuple[str, ...]) -> None:
    _change(tx, CLASSIFY, report=report_id, said=category, broken=list(rules))


def _change(tx: Connection, statement: Executable, **values: object) -> None:
    if tx.execute(statement, values).scalar() is None:
        raise NotFound("There is no such report.")


def block_server(tx: Connection, here: Here, *, by_id: int, domain: str, reason: str) -> str:
    """Answers with the canonical name. Raises Invalid and Refused as `nodes.block` does."""
    done = nodes.block(tx, here, domain=domain, reason=reason)
    note(tx, here, by_id=by_id, kind=DecisionKind.BLOCK_SERVER, about=done.domain, line=reason)
    return done.domain


def unblock_server(tx: Connection, here: Here, *, by_id: int, domain: str) -> None:
    if nodes.unblock(tx, domain=domain):
        note(tx, here, by_id=by_id, kind=DecisionKind.UNBLOCK_SERVER, about=nodes.domain_of(domain))
