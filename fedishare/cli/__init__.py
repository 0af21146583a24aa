"""The command line: each command builds the settings, opens what it needs, and says what happened in one line."""

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import click

from fedishare import __version__, settings
from fedishare.core import crash
from fedishare.core.clock import SystemClock
from fedishare.core.errors import FediShareError
from fedishare.settings import Settings

WRONG_SETTINGS: Final = 2
FAILED: Final = 1
DEFAULT_FILE: Final = "fedishare.toml"


def main() -> None:
    """Run the command. What went wrong is one line on standard error, never a traceback."""
    try:
        sys.exit(commands(prog_name="fedishare", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except FediShareError as error:
        click.echo(f"fedishare: {error}", err=True)
        sys.exit(FAILED)


@click.group()
@click.version_option(__version__, prog_name="fedishare")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="FEDISHARE_CONFIG",
    help=f"Settings file (TOML); {DEFAULT_FILE} in this folder is read if it is there.",
)
@click.pass_context
def commands(context: click.Context, config: Path | None) -> None:
    """A staffroom that spans schools, and that nobody can switch off from above."""
    context.obj = config
    crash.arm(os.environ.get(crash.VARIABLE, ""))


def load(context: click.Context) -> Settings:
    """The settings, or one line that names the wrong one and exit status 2, with nothing written."""
    file: Path | None = context.obj
    if file is None and Path(DEFAULT_FILE).is_file():
        file = Path(DEFAULT_FILE)
    try:
        return settings.load(os.environ, file=file)
    except FediShareError as error:
        click.echo(f"fedishare: {error}", err=True)
        context.exit(WRONG_SETTINGS)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, on uvloop where it is installed."""
    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 -- an extra that need not be there
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


@commands.command()
@click.option("--beside", is_flag=True, hidden=True)
@click.pass_context
def serve(context: click.Context, *, beside: bool) -> None:
    """Answer requests, and do the work they leave behind unless FEDISHARE_WORKER says otherwise."""
    gc.disable()  # Nothing made while starting is garbage; once it is up, the process enables it again.
    from fedishare.cli import processes  # noqa: PLC0415 -- each command loads only what it needs

    run(processes.serve(load(context), config=context.obj, is_beside=beside))


@commands.command()
@click.pass_context
def work(context: click.Context) -> None:
    """Do the work in the background: jobs and deliveries. Several may run beside `serve`."""
    from fedishare.cli import processes  # noqa: PLC0415 -- as above

    run(processes.work(load(context)))


@commands.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the database to the schema of this version."""
    from fedishare.db import schema  # noqa: PLC0415 -- as above

    chosen = load(context)
    asyncio.run(schema.upgrade(chosen.database))
    click.echo(f"The database is at version {schema.HEAD}.")


@commands.command()
@click.pass_context
def reindex(context: click.Context) -> None:
    """Read all resources into the index of the library anew."""
    from fedishare.cli import library  # noqa: PLC0415 -- as above

    click.echo(f"Resources in the library: {asyncio.run(library.rebuild(load(context)))}")


@commands.group()
def account() -> None:
    """The people who may sign in here."""


@account.command("add")
@click.argument("name")
@click.option("--email", required=True, help="The address they sign in with.")
@click.option("--password", help="Their password; read from standard input when it is not given.")
@click.option(
    "--role",
    type=click.Choice(["member", "moderator", "admin"]),
    default="member",
    show_default=True,
    help="What they may do; a moderator answers reports, an admin may do everything.",
)
@click.option("--name", "shown", default="", help="What people call them; by default the user name.")
@click.pass_context
def account_add(
    context: click.Context, /, name: str, *, email: str, password: str | None, role: str, shown: str
) -> None:
    """Add somebody: NAME becomes @NAME on this node, for good."""
    from fedishare.cli import people  # noqa: PLC0415 -- as above

    chosen = load(context)
    secret = password if password is not None else _password()
    asyncio.run(people.add(chosen, SystemClock(), name=name, email=email, password=secret, role=role, shown=shown))
    click.echo(f"@{name} can sign in at {chosen.url}/sign-in")


@account.command("alias")
@click.argument("name")
@click.argument("other")
@click.pass_context
def account_alias(context: click.Context, name: str, other: str) -> None:
    """Say that OTHER, an account elsewhere, is NAME's as well, so that it can move here."""
    from fedishare.cli import people  # noqa: PLC0415 -- as above

    asyncio.run(people.name_other(load(context), SystemClock(), name=name, other=other))
    click.echo(f"{other} can move to @{name} now.")


@account.command("move")
@click.argument("name")
@click.argument("target")
@click.pass_context
def account_move(context: click.Context, name: str, target: str) -> None:
    """Move NAME to TARGET, an account elsewhere that names it as its own. Followers are asked to go along."""
    from fedishare.cli import people  # noqa: PLC0415 -- as above

    carried = asyncio.run(people.move(load(context), SystemClock(), name=name, target=target))
    click.echo(f"@{name} has moved to {target}. {carried} here go along; the Move is sent to everybody else.")


@commands.group()
def school() -> None:
    """The schools of this node, which people on any server can follow."""


@school.command("add")
@click.argument("name")
@click.option("--name", "shown", required=True, help="What people call the school.")
@click.option("--owner", required=True, help="The account that runs it first, and asks others to.")
@click.option("--about", default="", help="A few words for its page.")
@click.pass_context
def school_add(context: click.Context, /, name: str, *, shown: str, owner: str, about: str) -> None:
    """Add a school: NAME becomes @NAME on this node, for good. A node may have several."""
    from fedishare.cli import people  # noqa: PLC0415 -- as above

    chosen = load(context)
    asyncio.run(people.open_school(chosen, SystemClock(), name=name, shown=shown, owner=owner, about=about))
    click.echo(f"{chosen.url}/@{name.removeprefix('@')} is the page of {shown}.")


@commands.group()
def server() -> None:
    """Other servers, and those this node has nothing to do with."""


@server.command("block")
@click.argument("domain")
@click.option("--reason", default="", help="For moderators to read.")
@click.pass_context
def server_block(context: click.Context, domain: str, reason: str) -> None:
    """Have nothing to do with DOMAIN, and everything below it. Follows end for good."""
    from fedishare.cli import servers  # noqa: PLC0415 -- as above

    done = asyncio.run(servers.block(load(context), SystemClock(), domain=domain, reason=reason))
    click.echo(f"{done.domain} is blocked: {done.follows} follows ended, {done.people} people are hidden.")


@server.command("unblock")
@click.argument("domain")
@click.pass_context
def server_unblock(context: click.Context, domain: str) -> None:
    """Deal with DOMAIN again. What was hidden is shown; follows have to be asked for anew."""
    from fedishare.cli import servers  # noqa: PLC0415 -- as above

    asyncio.run(servers.unblock(load(context), SystemClock(), domain=domain))
    click.echo(f"{domain} is not blocked.")


@server.command("blocked")
@click.pass_context
def server_blocked(context: click.Context) -> None:
    """List the blocked domains, each with its reason."""
    from fedishare.cli import servers  # noqa: PLC0415 -- as above

    for line in asyncio.run(servers.blocked(load(context), SystemClock())):
        click.echo(f"{line.domain}\t{line.reason}")


@server.command("dialect")
@click.argument("host")
@click.argument("dialect", type=click.Choice(["threadiverse", "microblog", "both", "default"]))
@click.pass_context
def server_dialect(context: click.Context, host: str, dialect: str) -> None:
    """How rooms here tell HOST what happens in them, where the guess by its software is wrong."""
    from fedishare.cli import servers  # noqa: PLC0415 -- as above

    click.echo(asyncio.run(servers.set_dialect(load(context), SystemClock(), host=host, word=dialect)))


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@commands.group()
def token() -> None:
    """What programs show instead of a password."""


@token.command("create")
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help='Such as "read write follow push".')
@click.pass_context
def token_create(context: click.Context, name: str, scopes: str) -> None:
    """Make a token with which a program acts as NAME. Prints the token and nothing else."""
    from fedishare.cli import people  # noqa: PLC0415 -- as above

    click.echo(asyncio.run(people.issue_token(load(context), SystemClock(), name=name, scopes=scopes)))


@commands.group()
def deliveries() -> None:
    """What should go out to other servers, and does not."""


@deliveries.command("list")
@click.pass_context
def deliveries_list(context: click.Context) -> None:
    """Show the servers that do not take what is sent to them, and the work that failed."""
    from fedishare.cli import backlog  # noqa: PLC0415 -- as above

    click.echo(asyncio.run(backlog.listing(load(context))))


@deliveries.command("retry")
@click.argument("host", required=False)
@click.option("--jobs", "kind", metavar="KIND", help="Parked jobs of this kind, instead of deliveries.")
@click.pass_context
def deliveries_retry(context: click.Context, /, host: str | None, *, kind: str | None) -> None:
    """Try everything for HOST now, also what was parked; without HOST, everything for everybody."""
    from fedishare.cli import backlog  # noqa: PLC0415 -- as above

    many = asyncio.run(backlog.retry(load(context), host=host, kind=kind))
    click.echo(f"Due now: {many}")


@deliveries.command("drop")
@click.argument("host", required=False)
@click.option("--jobs", "kind", metavar="KIND", help="Parked jobs of this kind, instead of deliveries.")
@click.option("--waiting", is_flag=True, help="Also what is not parked yet.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def deliveries_drop(context: click.Context, /, host: str | None, *, kind: str | None, waiting: bool, yes: bool) -> None:
    """Forget what is parked for HOST. It is counted, and each delivery is a line in the log."""
    from fedishare.cli import backlog  # noqa: PLC0415 -- as above

    if (host is None) == (kind is None):
        raise click.UsageError("Name a host, or a kind of job with --jobs.")
    chosen = load(context)
    many = asyncio.run(backlog.count(chosen, host=host, kind=kind, waiting=waiting))
    if not yes:
        click.confirm(f"Drop {many} for {host or kind}?", abort=True)
    click.echo(f"Dropped: {asyncio.run(backlog.drop(chosen, host=host, kind=kind, waiting=waiting))}")


@commands.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where the three nodes keep what they have.",
)
@click.option("--port", default=8101, show_default=True, help="The first of three ports.")
@click.option("--once", is_flag=True, help="Stop after the story instead of staying up.")
def demo(folder: Path, port: int, *, once: bool) -> None:
    """Start three nodes on this machine and let a teaching resource travel between them."""
    from fedishare.cli import story  # noqa: PLC0415 -- as above

    sys.exit(story.tell(folder.absolute(), first_port=port, once=once))
