"""The one host canonicaliser: two spellings of one host compare equal here, or nowhere.

Everything that compares hosts, builds handles or sends requests asks this file. What it
cannot read without doubt is Invalid.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, urljoin

import idna

from fedishare.core.errors import Invalid

MAX_HOST: Final = 253
MAX_URL: Final = 4096
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_PORT: Final = 65535
# A node meets the same few hosts again and again, many times in every activity.
MOST_REMEMBERED: Final = 4096

# Characters that some reader of URLs removes, decodes or takes for a separator, so that
# two programs may see two hosts in one URL. U+0080 to U+009F are controls as well.
_TREACHEROUS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_URL: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.ASCII)
_AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMERIC: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
# What may stand in a path or query as it is; the percent sign because what is encoded stays so.
_AS_IS: Final = "!$%&'()*+,/:;=?@[]~"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})

# RFC 2606, 6761, 6762, 7686, 8375, 9476 and the names that ICANN will never delegate.
_RESERVED: Final = frozenset(
    {
        "alt",
        "corp",
        "home",
        "i2p",
        "internal",
        "intranet",
        "invalid",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "mail",
        "onion",
        "private",
        "test",
    }
)
_RESERVED_ZONES: Final = (".home.arpa",)
COUNTRY: Final = 2
# Under a country's own domain these are no names of anybody.
_BY_KIND: Final = frozenset(
    ("ac", "asn", "asso", "co", "com", "ed", "edu", "go", "gob", "gouv", "gov", "govt", "id", "k12", "ltd", "me", "mil")
) | frozenset(("ne", "net", "nhs", "nom", "or", "org", "plc", "re", "sch", "school"))


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the scheme's own."""
        return self.host if DEFAULT_PORTS[self.scheme] == self.port else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Location(NamedTuple):
    """A URL taken apart: where to knock, and the path and query to ask for, in bytes as sent."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


@lru_cache(maxsize=MOST_REMEMBERED)
def canonical_host(host: str) -> str:
    """The one spelling of `host`: lower-case ASCII (UTS 46, IDNA 2008), no trailing dot.

    Addresses come out in their shortest form, IPv6 in brackets, and an IPv4 address dressed
    as IPv6 as IPv4. Raises Invalid for whatever a DNS name or an address cannot be.
    """
    if not host or len(host) > MAX_HOST * 4:
        raise Invalid("A host name is between 1 and 253 characters long.")
    if ":" in host or host.startswith("["):
        return _ipv6(host)
    name = _mapped(host).removesuffix(".")
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return _ipv4(name)
    ascii_labels = [_label(label) for label in labels]
    _refuse_mixed_direction(ascii_labels)
    canonical = ".".join(ascii_labels)
    if len(canonical) > MAX_HOST:
        raise Invalid("A host name is between 1 and 253 characters long.")
    return canonical


def split(url: str) -> Location:
    """An http or https URL as an origin and a target; the fragment is dropped.

    Non-ASCII and unsafe characters of path and query come out percent-encoded, and what was
    encoded stays as it was. Raises Invalid for everything else, such as user names, spaces,
    control characters and backslashes.
    """
    match = _read(url)
    origin = _origin(match[1].lower(), match[2])
    try:
        target = quote((match[3] or "/") + (match[4] or ""), safe=_AS_IS)
    except UnicodeEncodeError:
        raise Invalid("This address holds characters that cannot be sent.") from None
    return Location(origin, target)


def _read(url: str) -> re.Match[str]:
    if len(url) > MAX_URL:
        raise Invalid("This address is too long.")
    if _TREACHEROUS.search(url):
        raise Invalid("This address holds spaces, backslashes or control characters.")
    match = _URL.fullmatch(url)
    if match is None:
        raise Invalid("This is not a web address that starts with https://.")
    return match


@lru_cache(maxsize=MOST_REMEMBERED)
def _origin(scheme: str, written: str) -> Origin:
    authority = _AUTHORITY.fullmatch(written)
    if authority is None:
        raise Invalid("The host in this address cannot be read.")
    port = int(authority[2] or DEFAULT_PORTS[scheme])
    if port > MAX_PORT:
        raise Invalid("There is no such port.")
    return Origin(scheme, canonical_host(authority[1]), port)


@lru_cache(maxsize=MOST_REMEMBERED // 4)
def origin_of(url: str) -> Origin:
    """Scheme, canonical host and port of an http or https URL; raises Invalid for anything else."""
    if len(url) > MAX_URL:
        raise Invalid("This address is too long.")
    return _origin_of(url)


# Few, as whole addresses may be long: one activity asks for the same handful many times.
@lru_cache(maxsize=512)
def _origin_of(url: str) -> Origin:
    if not url.isascii():
        return split(url).origin
    match = _read(url)
    return _origin(match[1].lower(), match[2])


def authority_of(url: str) -> str:
    """The canonical host of a URL, with its port if that is unusual; nothing for an address that cannot be read."""
    try:
        return origin_of(url).authority
    except Invalid:
        return ""


def resolve_reference(base: str, reference: str) -> str:
    """The absolute URL that `reference`, relative or not, means when it was found at `base`."""
    # urljoin removes tabs and line breaks in silence, so they are looked for first.
    if not reference or _TREACHEROUS.search(reference):
        raise Invalid("This link is empty, or holds spaces or control characters.")
    try:
        return urljoin(base, reference)
    except ValueError:
        raise Invalid("This link cannot be read.") from None


def same_origin(a: str, b: str) -> bool:
    """Whether two URLs certainly share scheme, host and port."""
    try:
        return origin_of(a) == origin_of(b)
    except Invalid:
        return False


def and_above(host: str) -> Iterator[str]:
    """A canonical host and every domain above it, which is where a block may stand. An address lies in no domain."""
    if is_address(host):
        yield host
        return
    labels = host.split(".")
    yield from (".".join(labels[start:]) for start in range(len(labels)))


def without_port(authority: str) -> str:
    """The host of a canonical authority, as `authority_of` writes it."""
    name, _, port = authority.rpartition(":")
    return name if port.isdigit() and name else authority


def is_local_name(host: str) -> bool:
    """Whether `host` means this very machine: localhost and every name under it (RFC 6761 6.3)."""
    try:
        name = canonical_host(host)
    except Invalid:
        return False
    return name == "localhost" or name.endswith(".localhost")


def is_reserved_name(host: str) -> bool:
    """Whether `host` is a name that no public server can have. Addresses are not names."""
    try:
        name = canonical_host(host)
    except Invalid:
        return True
    if is_address(name):
        return False
    labels = name.split(".")
    return len(labels) == 1 or labels[-1] in _RESERVED or f".{name}".endswith(_RESERVED_ZONES)


def registered(host: str) -> str:
    """The domain that somebody had to register to have a canonical host: what its quotas are counted by (MOD-11).

    It is good enough for counting, and for nothing else: which suffixes are open to the public is known to a long
    list only. Here the last two labels count, and one more where a country files its names by kind, such as .co.uk.
    """
    if is_address(host):
        return host
    labels = host.split(".")
    if labels[-2:] == ["sch", "uk"]:  # A school is name.authority.sch.uk.
        return ".".join(labels[-4:])
    is_by_kind = len(labels[-1]) == COUNTRY and len(labels) > COUNTRY and labels[-2] in _BY_KIND
    return ".".join(labels[-3:] if is_by_kind else labels[-2:])


def is_address(host: str) -> bool:
    """Whether a canonical host is an IP address and not a name."""
    return host.startswith("[") or host.rpartition(".")[2].isdigit()


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    except ValueError:
        raise Invalid("This is not an IPv6 address.") from None
    if address.scope_id is not None:
        raise Invalid("An address with a zone means something on one machine only.")
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"[{address.compressed}]"


def _ipv4(name: str) -> str:
    # Octal, hexadecimal and shortened forms are read differently by different resolvers.
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise Invalid("A host that ends in a number has to be an IPv4 address like 192.0.2.1.") from None


def _mapped(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.uts46_remap(host, std3_rules=False, transitional=False)
    except (idna.IDNAError, ValueError):
        raise Invalid("This host name holds characters that no host name may hold.") from None


def _label(label: str) -> str:
    """One label in ASCII, checked both ways."""
    if label.isascii() and not label.startswith("xn--"):
        if not _LABEL.fullmatch(label) or not label.strip("_-"):
            raise Invalid("A part of this host name is empty, too long, or holds characters it may not hold.")
        return label
    try:
        return idna.alabel(idna.ulabel(label)).decode("ascii")
    except (idna.IDNAError, ValueError):
        raise Invalid("A part of this host name is not a valid international name.") from None


def _refuse_mixed_direction(labels: list[str]) -> None:
    # RFC 5893 2: one right-to-left label binds all of them, or parts of the name change places on screen.
    readable = [idna.ulabel(label) if label.startswith("xn--") else label for label in labels]
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for label in readable for letter in label):
        return
    try:
        for label in readable:
            idna.check_bidi(label, check_ltr=True)
    except idna.IDNAError:
        raise Invalid("This host name mixes writing directions.") from None
