"""Two spellings of one host are one host to everything here that compares hosts, or are refused by all of it."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert
from yarl import URL

from fedishare.ap import wellknown
from fedishare.as2.node import is_address
from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db.nodes import BlockedDomain
from fedishare.domain import html
from fedishare.inbox import senders
from fedishare.jobs import deliveries
from fedishare.net import signatures, webfinger
from fedishare.net.addresses import Allowed
from fedishare.net.signatures import Scheme, Signer
from fedishare.queries import known
from tests.builders import MONDAY, FrozenClock, an_rsa_pair


class Spelled(NamedTuple):
    """A host as somebody may write it, and as it is."""

    written: str
    canonical: str


HOSTS: Final = st.sampled_from(
    [
        *("us.example", "a.us.example", "xn--mnchen-3ya.example", "xn--9dbne9b.example", "r3---sn.us.example"),
        *("93.184.216.34", "127.0.0.1", "[2606:4700::1111]", "[::1]", "localhost", "a.localhost", "xn--fiqs8s"),
    ]
)
WIDE: Final = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


@st.composite
def spelled(draw: st.DrawFn) -> Spelled:
    """A known host in one of the ways in which the same name may be written."""
    canonical = draw(HOSTS)
    written = canonical
    if not hosts.is_address(canonical) and "xn--" in canonical and draw(st.booleans()):
        written = ".".join(label.encode().decode("idna") if "xn--" in label else label for label in written.split("."))
    for change in draw(st.lists(st.sampled_from(["upper", "wide", "dot", "soft", "stop"]), max_size=3)):
        written = _respelled(written, change, is_name=not canonical.startswith("["))
    return Spelled(written, canonical)


def _respelled(written: str, change: str, *, is_name: bool) -> str:
    match change:
        case "upper":
            return written.upper()
        case "wide" if is_name:
            return written[0].translate(WIDE) + written[1:]
        case "dot" if is_name and not written.endswith((".", "\u3002")):
            return f"{written}."
        case "soft" if is_name:
            return f"{written[0]}\u00ad{written[1:]}"
        case "stop" if is_name and "." in written[:-1]:
            return written.replace(".", "\u3002", 1)
    return written


TRAPS: Final = ("us.example@", "a:b@", "@", "%75s.example", "us%2eexample@", "us.example\\@", "us.example#", "xn--")
AUTHORITIES: Final = st.one_of(
    spelled().map(lambda found: found.written),
    st.tuples(spelled(), st.sampled_from(["", ":443", ":80", ":8443", ":0", ":65536", ":", ":4 43"])).map(
        lambda found: found[0].written + found[1]
    ),
    st.tuples(
        st.sampled_from(["us.example@", "a:b@", "@", "%75s.example", "us%2eexample@", "us.example\\@"]), spelled()
    ).map(lambda found: found[0] + found[1].written),
    st.text(alphabet="aA.\u3002-_:@[]%0127éßא\u00ad\u200d/\\?# \t", min_size=1, max_size=16),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.ip_addresses(v=4).map(str),
)


def origin(authority: str) -> hosts.Origin | None:
    try:
        return hosts.origin_of(f"https://{authority}/x")
    except Invalid:
        return None


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES)
def test_a_canonical_authority_is_itself_again(authority: str) -> None:
    found = origin(authority)
    if found is None:
        return

    assert hosts.origin_of(f"https://{found.authority}/") == found
    assert hosts.origin_of(str(found)) == found
    assert hosts.authority_of(f"https://{authority}/x") == found.authority
    assert hosts.canonical_host(found.host) == found.host
    assert hosts.without_port(found.authority) == found.host


@settings(max_examples=120, deadline=None)
@given(spelled())
def test_all_spellings_of_a_host_are_that_host(host: Spelled) -> None:
    try:
        found = hosts.canonical_host(host.written)
    except Invalid:
        # A soft hyphen may come to stand where even a forgiving reader of names has to give up.
        assert "\u00ad" in host.written
        return

    assert found == host.canonical


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES)
def test_the_client_connects_to_the_very_host_that_was_checked(authority: str) -> None:
    """What is checked is the canonical form, so whatever takes it apart later has to see the same host in it."""
    try:
        location = hosts.split(f"https://{authority}/x")
    except Invalid:
        return
    found = location.origin
    asked, plain = URL(str(location), encoded=True), urlsplit(str(location))

    assert (asked.raw_host, asked.port) == (found.host.strip("[]"), found.port)
    assert (plain.hostname, plain.port or 443, plain.username) == (found.host.strip("[]"), found.port, None)


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES, st.sampled_from(["us.example", "xn--mnchen-3ya.example", "localhost:8443", "93.184.216.34"]))
def test_whatever_asks_whether_an_address_is_ours_gets_one_answer(authority: str, ours: str) -> None:
    uris, url = Uris(f"https://{ours}"), f"https://{authority}/x"
    found = origin(authority)

    answers = {
        uris.is_ours(url),
        hosts.same_origin(url, uris.origin),
        hosts.same_origin(uris.origin, url),
        found is not None and found.authority == uris.authority,
        hosts.authority_of(url) == uris.authority,
        _webfinger_knows(url, uris),
    }

    assert len(answers) == 1


def _webfinger_knows(url: str, uris: Uris) -> bool:
    try:
        return wellknown.named(url, uris)[0] is not None
    except FediShareError:
        return False


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES)
def test_a_handle_lies_on_the_host_that_its_address_lies_on(authority: str) -> None:
    """Or the part behind the @ is nothing that a handle can have, such as a path."""
    found = origin(authority)
    try:
        _, domain = webfinger.parse_handle(f"anna@{authority}")
    except Invalid:
        return

    assert found is not None
    # Names of this very machine are asked by http, where another port is the usual one.
    usual = hosts.origin_of(f"http://{authority}").authority if hosts.is_local_name(found.host) else found.authority
    assert domain == usual


@settings(max_examples=100, deadline=None)
@given(AUTHORITIES)
def test_who_may_be_signed_for_and_who_signs_is_read_alike(authority: str) -> None:
    found, key = origin(authority), f"https://{authority}/users/a#main-key"
    try:
        signed_by = senders.host_of_key(key)
    except FediShareError:
        signed_by = None

    assert signed_by == (found.host if found is not None else None)
    if found is not None:
        headers = signatures.sign(
            Signer(key_id="https://us.example/a#main-key", private_pem=an_rsa_pair().private_pem),
            scheme=Scheme.CAVAGE,
            method="GET",
            url=str(hosts.split(f"https://{authority}/x")),
            body=None,
            now=MONDAY,
        )
        assert headers["Host"] == found.authority


@settings(max_examples=120, deadline=None)
@given(st.ip_addresses(), st.booleans())
def test_an_address_is_open_or_closed_however_it_is_written(address: object, in_brackets: bool) -> None:
    written = f"[{address}]" if in_brackets and ":" in str(address) else str(address)
    allowed = Allowed(["10.20.0.0/16"])

    canonical = hosts.canonical_host(written)

    assert allowed.permits(canonical) == allowed.permits(str(address)) == allowed.permits(written.upper())


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES)
def test_a_link_that_people_may_click_leads_where_it_seems_to_lead(authority: str) -> None:
    """What cleaning lets through is no address that we would read as another host than a browser does."""
    safe = html.safe_url(f"https://{authority}/x")
    found = origin(authority)
    if safe is None or found is None:
        return

    assert hosts.origin_of(safe) == found
    assert not urlsplit(safe).username


# --- Blocks -----------------------------------------------------------------------------------------------------------

BLOCKED: Final = ("us.example", "xn--mnchen-3ya.example", "93.184.216.34", "[2606:4700::1111]")


@pytest.fixture(scope="module")
def tx(empty: Connection) -> Connection:
    empty.execute(insert(BlockedDomain), [{"domain": name, "reason": "spam", "created_at": MONDAY} for name in BLOCKED])
    return empty


@settings(max_examples=120, deadline=None)
@given(AUTHORITIES)
def test_what_is_blocked_is_neither_heard_nor_sent_to_whatever_port_or_spelling(tx: Connection, authority: str) -> None:
    found = origin(authority)
    if found is None:
        return
    clock = FrozenClock()
    here = Here(Uris("https://alder.test"), Ids(clock, worker=1), clock)
    is_blocked = any(found.host == name or found.host.endswith(f".{name}") for name in BLOCKED)

    heard = not known.is_blocked(tx, hosts=[found.host])
    sent = deliveries.open_to_us(tx, here, [f"https://{authority}/inbox"]) != []

    assert (heard, sent) == (not is_blocked, not is_blocked)


@settings(max_examples=200, deadline=None)
@given(AUTHORITIES)
def test_what_counts_as_somebodys_id_can_be_compared(authority: str) -> None:
    """An id that the reader takes has a host, or is refused by whatever compares hosts; it never compares by chance."""
    uri = f"https://{authority}/users/a"
    if is_address(uri) and origin(authority) is None:
        assert not hosts.same_origin(uri, uri)
        assert hosts.authority_of(uri) == ""
