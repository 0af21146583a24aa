"""What we sign is believed by what we check with, in both schemes; and no byte of it may be another one."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import keys, proofs, signatures
from fedishare.net.signatures import Request, Scheme, Signer
from tests.builders import MONDAY, an_ed25519_pair, an_rsa_pair
from tests.mutations import mutated
from tests.properties import pool

ORIGIN: Final = "https://us.example"
KEY_ID: Final = "https://them.example/users/b#main-key"
SIGNER: Final = Signer(key_id=KEY_ID, private_pem=an_rsa_pair().private_pem)
PUBLIC: Final = keys.public_rsa(an_rsa_pair().public)
TARGETS: Final = st.from_regex(r"\A/[a-zA-Z0-9._~!$&'()*+,;=:@%/-]{0,20}(\?[a-zA-Z0-9._~=&%-]{0,20})?\Z")
NAMES: Final = st.sampled_from(["Host", "Date", "Digest", "Content-Digest", "Signature", "Signature-Input"])
SCHEMES: Final = pytest.mark.parametrize("scheme", list(Scheme))


def signed(scheme: Scheme, target: str, body: bytes | None) -> Request:
    """The request as the other side gets it, with headers that a proxy might add."""
    method = "GET" if body is None else "POST"
    url = f"{ORIGIN}{target}"
    headers = signatures.sign(SIGNER, scheme=scheme, method=method, url=url, body=body, now=MONDAY)
    sent = (*headers.items(), ("X-Forwarded-For", "192.0.2.1"), ("Accept", "*/*"))
    return Request(method, target, sent, body or b"", ORIGIN)


def is_believed(request: Request) -> bool:
    """Whether the request passes for one of the very person who signed it."""
    try:
        claim = signatures.read(request, now=MONDAY)
    except (Invalid, Unauthenticated):
        return False
    return claim.key_id == KEY_ID and signatures.verify(claim, PUBLIC)


@SCHEMES
@settings(max_examples=30, deadline=None)
@given(TARGETS, st.none() | st.binary(max_size=200))
def test_what_we_sign_is_believed(scheme: Scheme, target: str, body: bytes | None) -> None:
    assert is_believed(signed(scheme, target, body))


@SCHEMES
@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.data())
def test_another_byte_in_the_body_is_noticed(scheme: Scheme, body: bytes, data: st.DataObject) -> None:
    at, flip = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(1, 255))
    request = signed(scheme, "/inbox", body)
    other = bytes([*body[:at], body[at] ^ flip, *body[at + 1 :]])

    assert not is_believed(request._replace(body=other))
    assert not is_believed(request._replace(body=body + b" "))
    assert not is_believed(request._replace(body=body[:-1]))


@SCHEMES
@settings(max_examples=60, deadline=None)
@given(TARGETS, TARGETS, st.sampled_from([None, b"{}"]))
def test_another_target_or_method_is_noticed(scheme: Scheme, target: str, other: str, body: bytes | None) -> None:
    request = signed(scheme, target, body)

    # The one thing that may be missing from what was signed is the query, as Mastodon sends it (SIG-10).
    may_pass = other == target or (scheme is Scheme.CAVAGE and other.partition("?")[0] == target)
    assert is_believed(request._replace(target=other)) is may_pass
    assert not is_believed(request._replace(method="PUT"))


# What a signature covers, and where it stands. What is not covered decides nothing.
COUNTS: Final = {
    Scheme.CAVAGE: {"Host", "Date", "Digest", "Content-Type", "Signature"},
    Scheme.RFC9421: {"Host", "Content-Digest", "Signature", "Signature-Input"},
}


@SCHEMES
def test_another_letter_at_any_place_of_any_header_that_counts_is_noticed(scheme: Scheme) -> None:
    request = signed(scheme, "/users/a/inbox", b'{"type":"Follow"}')

    unnoticed = [
        (name, value, changed)
        for row, (name, value) in enumerate(request.headers)
        if name in COUNTS[scheme]
        for changed in _with_one_letter_changed(value)
        if is_believed(request._replace(headers=(*request.headers[:row], (name, changed), *request.headers[row + 1 :])))
    ]

    assert [change for change in unnoticed if not _means_the_same(scheme, *change)] == []


def _with_one_letter_changed(value: str) -> Iterator[str]:
    for at, letter in enumerate(value):
        for other in {letter.swapcase(), chr(0x20 + (ord(letter) - 0x1F) % 0x5F), " ", "A", '"', "="} - {letter}:
            yield value[:at] + other + value[at + 1 :]


def _means_the_same(scheme: Scheme, name: str, value: str, changed: str) -> bool:
    """Whether it says the same in other letters, so that nothing was gained by changing them."""
    if name == "Host":
        # With RFC 9421 the name is compared, as host names are, and not signed.
        return scheme is Scheme.RFC9421 and value.lower() == changed.lower()
    if name != "Signature":
        return False
    # The algorithm need not be named, and a parameter that nobody knows is passed over.
    is_unnamed = scheme is Scheme.CAVAGE and "algorithm=" not in changed and value[-300:] == changed[-300:]
    # Some bits of the last letter mean nothing (RFC 9651 4.2.7), and a replay is known by the bytes.
    return is_unnamed or _bytes_in(value) == _bytes_in(changed)


def _bytes_in(signature: str) -> bytes:
    return b64decode(signature.rstrip('":').rpartition('"')[2].rpartition(":")[2])


@SCHEMES
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["Host", "Date", "Digest", "Content-Digest", "Signature", "Signature-Input"]), st.text(max_size=20)
)
def test_a_second_or_missing_header_is_never_worse_than_a_refusal(scheme: Scheme, name: str, value: str) -> None:
    request = signed(scheme, "/inbox", b"{}")
    without = tuple(entry for entry in request.headers if entry[0] != name)

    twice = request._replace(headers=(*request.headers, (name, value)))
    missing = request._replace(headers=without)

    if name in COUNTS[scheme]:
        assert not is_believed(twice)
        assert not is_believed(missing)
    else:
        assert is_believed(missing)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**48))
def test_a_proven_document_is_believed_and_a_changed_one_is_not(seed: int) -> None:
    document = mutated(pool.documents(), seed=seed)
    if not isinstance(document, dict) or "proof" in document:
        return
    try:
        proven = proofs.attach(document, key_id=KEY_ID, private_pem=an_ed25519_pair().private_pem, now=MONDAY)
    except Invalid:
        return
    public = keys.public_ed25519(an_ed25519_pair().public)

    assert proofs.verify(proven, public)
    for name, value in proven.items():
        if name != "proof":
            assert not proofs.verify({**proven, name: [value, "x"]}, public)
            assert not proofs.verify({key: kept for key, kept in proven.items() if key != name}, public)
