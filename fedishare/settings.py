"""Every setting, read once from a TOML file and the environment, checked, and never changed afterwards."""

import ipaddress
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msgspec

from fedishare.core.errors import Invalid
from fedishare.core.hosts import is_local_name, origin_of

Network: TypeAlias = IPv4Network | IPv6Network
PREFIX: Final = "FEDISHARE_"
MOST_PROCESSES: Final = 16


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the person who runs this node has decided. docs/settings.md explains each field."""

    url: str
    listen_host: str
    listen_port: int
    data: Path
    database: str
    name: str
    allow_addresses: tuple[Network, ...] = ()
    ca_file: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    max_upload_bytes: int = 100 * 1024 * 1024
    work_in_serve: bool = True
    processes: int = 1
    signed_fetch: bool = False
    max_person_bytes: int | None = 5000 * 1024 * 1024
    max_node_bytes: int | None = None
    allows_macros: bool = True
    clamd: str | None = None
    scheme: str = "england"
    school_owns: bool = False
    app_requests: int | None = 300
    hides_timelines: bool = False

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https://")


# Name in the environment without the prefix, what it means, and its default as a person would write it.
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "URL": ("the public address of this node, such as https://staffroom.example", "none: it must be set"),
    "LISTEN": ("host and port to listen on", "127.0.0.1:8000"),
    "DATA": ("the folder that holds the database, the uploads and what can be made anew", "data"),
    "DATABASE": ("a SQLAlchemy URL: sqlite+aiosqlite:/// or postgresql+asyncpg://", "SQLite in the data folder"),
    "NAME": ("what people call this node", "the host of the public address"),
    "ALLOW_ADDRESSES": ("networks beyond the public ones that outgoing requests may reach", "none"),
    "CA_FILE": ("certificates to trust besides the system's, as a PEM file", "none"),
    "TRUSTED_PROXIES": ("networks whose X-Forwarded-For is believed", "none"),
    "TLS_CERT": ("certificate chain to serve HTTPS with, as a PEM file", "none: plain HTTP, behind a proxy"),
    "TLS_KEY": ("the private key of that certificate", "none"),
    "MAX_UPLOAD": ("the largest file that may be uploaded, in megabytes", "100"),
    "QUOTA_PERSON": (
        "how much all files of one person may take up together, in megabytes; 0 for any amount",
        "5000",
    ),
    "QUOTA_NODE": ("how much all files of the node may take up together, in megabytes; 0 for any amount", "0"),
    "MACROS": (
        "warn: Office files with macros are taken, and whoever downloads one is warned; refuse: they are not taken",
        "warn",
    ),
    "CLAMD": (
        "where the virus scanner ClamAV listens: the path of a socket, or host:port",
        "none: files are not scanned",
    ),
    "PROCESSES": ("how many processes answer requests, all of them behind one address; 1 to 16", "1"),
    "WORKER": (
        "serve: the web process also does the work in the background; separate: only `fedishare work` does",
        "serve",
    ),
    "FETCHES": (
        "open: any server reads what is public; signed: only those that sign, and that are not blocked here",
        "open",
    ),
    "SCHEME": (
        "whose years and stages come first: england, scotland, wales, northern-ireland, ib or us",
        "england",
    ),
    "RESOURCES_BELONG_TO": (
        "author: who made it is named; school: the school is named too, and people read that it owns their work",
        "author",
    ),
    "TIMELINES": (
        "everybody: apps show the public timelines to anybody; members: only to those who signed in",
        "everybody",
    ),
    "APP_REQUESTS": (
        "how many requests an app may send for one person in five minutes; 0 for any number",
        "300",
    ),
}
SCHEMES: Final = ("england", "scotland", "wales", "northern-ireland", "ib", "us")


def load(environment: Mapping[str, str], *, file: Path | None = None) -> Settings:
    """Settings from `file` (TOML, lower-case names without the prefix), overruled by the environment.

    Raises Invalid with one line that names the setting. Writes nothing.
    """
    given = _from_file(file) if file else {}
    given |= {name: environment[PREFIX + name] for name in FIELDS if environment.get(PREFIX + name)}
    url = _url(given.get("URL", ""))
    host, port = _listen(given.get("LISTEN", "127.0.0.1:8000"))
    data = Path(given.get("DATA", "data")).absolute()
    cert, key = _file(given, "TLS_CERT"), _file(given, "TLS_KEY")
    if (cert is None) != (key is None):
        raise Invalid("FEDISHARE_TLS_CERT and FEDISHARE_TLS_KEY go together: set both or neither")
    return Settings(
        url=url,
        listen_host=host,
        listen_port=port,
        data=data,
        database=_database(given.get("DATABASE", ""), data),
        name=given.get("NAME") or (urlsplit(url).hostname or url),
        allow_addresses=_networks(given, "ALLOW_ADDRESSES"),
        ca_file=_file(given, "CA_FILE"),
        trusted_proxies=_networks(given, "TRUSTED_PROXIES"),
        tls_cert=cert,
        tls_key=key,
        max_upload_bytes=_megabytes(given.get("MAX_UPLOAD", "100")),
        processes=_processes(given.get("PROCESSES", "1")),
        work_in_serve=_choice(given, "WORKER", ("serve", "separate")) == "serve",
        max_person_bytes=_quota(given, "QUOTA_PERSON", "5000"),
        max_node_bytes=_quota(given, "QUOTA_NODE", "0"),
        clamd=_clamd(given.get("CLAMD", "")),
        allows_macros=_choice(given, "MACROS", ("warn", "refuse")) == "warn",
        signed_fetch=_choice(given, "FETCHES", ("open", "signed")) == "signed",
        scheme=_choice(given, "SCHEME", SCHEMES),
        school_owns=_choice(given, "RESOURCES_BELONG_TO", ("author", "school")) == "school",
        hides_timelines=_choice(given, "TIMELINES", ("everybody", "members")) == "members",
        app_requests=_requests(given.get("APP_REQUESTS", "300")),
    )


def _from_file(file: Path) -> dict[str, str]:
    try:
        read = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Invalid(f"the settings file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the settings file {file} is not TOML: {error}") from error
    for name in read:
        if name.upper() not in FIELDS:
            raise Invalid(f"{name} in {file} is not a setting; the settings are {', '.join(FIELDS).lower()}")
    return {name.upper(): _written(value) for name, value in read.items()}


def _written(value: object) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _url(text: str) -> str:
    if not text:
        raise Invalid("FEDISHARE_URL is not set: it is the public address of this node, e.g. https://staffroom.example")
    try:
        origin = origin_of(text)
    except Invalid as error:
        raise Invalid(f"FEDISHARE_URL: {error}") from error
    parts = urlsplit(text)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Invalid("FEDISHARE_URL must be an address without a path, e.g. https://staffroom.example")
    if origin.scheme == "http" and not (is_local_name(origin.host) or _is_loopback(origin.host)):
        raise Invalid(
            "FEDISHARE_URL must begin with https://; http:// works for loopback names such as a.localhost only"
        )
    return str(origin)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) < 1 << 16:
        raise Invalid("FEDISHARE_LISTEN must be host:port, e.g. 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def _database(text: str, data: Path) -> str:
    if not text:
        return f"sqlite+aiosqlite:///{data / 'fedishare.db'}"
    scheme, _, rest = text.partition("://")
    match scheme:
        case "sqlite" | "sqlite+aiosqlite" if rest.startswith("/") and rest.strip("/"):
            return f"sqlite+aiosqlite://{rest}"
        case "postgresql" | "postgres" | "postgresql+asyncpg" if rest:
            return f"postgresql+asyncpg://{rest}"
    raise Invalid(
        "FEDISHARE_DATABASE must begin with sqlite+aiosqlite:/// or postgresql+asyncpg:// and name a database"
    )


def _networks(given: Mapping[str, str], name: str) -> tuple[Network, ...]:
    words = given.get(name, "").replace(",", " ").split()
    try:
        return tuple(ipaddress.ip_network(word) for word in words)
    except ValueError as error:
        raise Invalid(f"{PREFIX}{name} must list networks such as 127.0.0.0/8: {error}") from error


def _file(given: Mapping[str, str], name: str) -> Path | None:
    if not given.get(name):
        return None
    path = Path(given[name]).absolute()
    if not path.is_file():
        raise Invalid(f"{PREFIX}{name}: there is no file {path}")
    return path


def _megabytes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1 << 20:
        raise Invalid("FEDISHARE_MAX_UPLOAD must be a whole number of megabytes, e.g. 100")
    return int(text) * 1024 * 1024


def _quota(given: Mapping[str, str], name: str, default: str) -> int | None:
    text = given.get(name, default)
    if not text.isdecimal() or int(text) > 1 << 40:
        raise Invalid(f"{PREFIX}{name} must be a whole number of megabytes, e.g. 5000, or 0 for any amount")
    return int(text) * 1024 * 1024 or None


def _requests(text: str) -> int | None:
    if not text.isdecimal() or int(text) > 1 << 30:
        raise Invalid(f"{PREFIX}APP_REQUESTS must be a whole number, e.g. 300, or 0 for any number")
    return int(text) or None


def _clamd(text: str) -> str | None:
    host, _, port = text.rpartition(":")
    if text and not text.startswith("/") and not (host and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise Invalid("FEDISHARE_CLAMD must be the path of a socket or host:port, e.g. /run/clamav/clamd.ctl")
    return text or None


def _processes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise Invalid(f"FEDISHARE_PROCESSES must be a whole number from 1 to {MOST_PROCESSES}")
    return int(text)


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = given.get(name, choices[0])
    if chosen not in choices:
        raise Invalid(f"{PREFIX}{name} must be one of: {', '.join(choices)}")
    return chosen
