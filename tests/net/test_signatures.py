"""Signing and reading: what we sign peers can read, and what peers sign well we accept.

What is refused is in the tests of the two schemes.
"""

from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid, Unauthenticated
from fedishare.net import cavage, keys, rfc9421
from fedishare.net.signatures import Request, Scheme, read, sign, verify
from tests.net.signed import (
    ABSENT,
    BODY,
    GET_NAMES,
    INBOX,
    KEY_ID,
    NOW,
    ORIGIN,
    POST_NAMES,
    SECONDS,
    VECTORS,
    by_cavage,
    by_rfc9421,
    date,
    is_good,
    pair,
    parameters,
    public,
    received,
    sha,
    signed,
    signer,
    vectors,
)


@given(
    scheme=st.sampled_from(Scheme),
    path=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=40),
    body=st.none() | st.binary(max_size=200),
)
def test_what_we_sign_we_accept(scheme: Scheme, path: str, body: bytes | None) -> None:
    method = "GET" if body is None else "POST"
    headers = sign(signer(), scheme=scheme, method=method, url=f"{ORIGIN}/{path}", body=body, now=NOW)

    claim = read(received(headers, method=method, target=f"/{path}", body=body), now=NOW)

    assert (claim.scheme, claim.key_id) == (scheme, KEY_ID)
    assert verify(claim, public())


def test_a_cavage_post_is_signed_as_every_peer_reads_it() -> None:
    headers = sign(signer(), scheme=Scheme.CAVAGE, method="POST", url=f"{ORIGIN}{INBOX}", body=BODY, now=NOW)

    base = (
        "(request-target): post /users/a/inbox\nhost: us.example\ndate: Wed, 04 Mar 2026 12:00:00 GMT\n"
        f"digest: SHA-256={sha(BODY)}\ncontent-type: application/activity+json"
    )
    assert headers == {
        "Host": "us.example",
        "Date": "Wed, 04 Mar 2026 12:00:00 GMT",
        "Digest": f"SHA-256={sha(BODY)}",
        "Content-Type": "application/activity+json",
        "Signature": f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="{POST_NAMES}",signature="{signed(base)}"',
    }


def test_a_cavage_get_is_signed_as_every_peer_reads_it() -> None:
    headers = sign(signer(), scheme=Scheme.CAVAGE, method="get", url=f"{ORIGIN}/x?page=1", body=None, now=NOW)

    base = "(request-target): get /x?page=1\nhost: us.example\ndate: Wed, 04 Mar 2026 12:00:00 GMT"
    assert headers == {
        "Host": "us.example",
        "Date": "Wed, 04 Mar 2026 12:00:00 GMT",
        "Signature": f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="{GET_NAMES}",signature="{signed(base)}"',
    }


def test_an_rfc9421_post_is_signed_in_the_profile_of_mastodon() -> None:
    headers = sign(signer(), scheme=Scheme.RFC9421, method="POST", url=f"{ORIGIN}{INBOX}", body=BODY, now=NOW)

    stated = f'("@method" "@target-uri" "content-digest");created={SECONDS};keyid="{KEY_ID}";alg="rsa-v1_5-sha256"'
    base = (
        '"@method": POST\n"@target-uri": https://us.example/users/a/inbox\n'
        f'"content-digest": sha-256=:{sha(BODY)}:\n"@signature-params": {stated}'
    )
    assert headers == {
        "Host": "us.example",
        "Content-Digest": f"sha-256=:{sha(BODY)}:",
        "Content-Type": "application/activity+json",
        "Signature-Input": f"sig1={stated}",
        "Signature": f"sig1=:{signed(base)}:",
    }


def test_an_rfc9421_get_covers_method_and_target() -> None:
    headers = sign(signer(), scheme=Scheme.RFC9421, method="GET", url=f"{ORIGIN}/x", body=None, now=NOW)

    assert headers.keys() == {"Host", "Signature-Input", "Signature"}
    assert headers["Signature-Input"].startswith('sig1=("@method" "@target-uri");created=')


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        pytest.param("https://a.example", "a.example", "/", id="no-path"),
        pytest.param("https://a.example?q", "a.example", "/?q", id="only-a-query"),
        pytest.param("https://A.example:443/X", "a.example", "/X", id="default-port"),
        pytest.param("https://a.example:8443/x", "a.example:8443", "/x", id="other-port"),
        pytest.param("http://127.0.0.1:80/x", "127.0.0.1", "/x", id="default-port-of-http"),
        pytest.param("https://a.example:80/x", "a.example:80", "/x", id="the-other-schemes-port"),
        pytest.param("https://[::1]:8443/x", "[::1]:8443", "/x", id="ipv6"),
        pytest.param("https://a.example/%7Eu/%2f?", "a.example", "/%7Eu/%2f?", id="nothing-is-recoded"),
        pytest.param("https://a.example/x#key", "a.example", "/x", id="fragment"),
    ],
)
def test_host_and_target_are_those_that_travel(url: str, host: str, target: str) -> None:
    headers = sign(signer(), scheme=Scheme.CAVAGE, method="GET", url=url, body=None, now=NOW)

    base = f"(request-target): get {target}\nhost: {host}\ndate: {headers['Date']}"
    assert headers["Host"] == host
    assert headers["Signature"].endswith(f'signature="{signed(base)}"')


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "https://",
        "//a.example/",
        "https://user@a.example/",
        "https://a.example/ü",
        "https://a.example/a b",
        "https://a.example/a\nb",
        "https://a.exa\tmple/",
        "https://a.example\\@b.example/",
    ],
)
def test_what_is_no_plain_url_is_not_signed(url: str) -> None:
    with pytest.raises(Invalid):
        sign(signer(), scheme=Scheme.CAVAGE, method="GET", url=url, body=None, now=NOW)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(by_cavage, id="post"),
        pytest.param(lambda: by_cavage(method="GET", body=b"", names=GET_NAMES), id="get"),
        pytest.param(
            lambda: by_cavage(
                method="GET", body=b"", names="host date accept (request-target)", headers={"Accept": "a/b"}
            ),
            id="mastodon-get",
        ),
        pytest.param(lambda: by_cavage(names="host date digest content-type (request-target)"), id="mastodon-post"),
        pytest.param(lambda: by_cavage(parameters={"algorithm": '"hs2019"'}), id="hs2019"),
        pytest.param(lambda: by_cavage(parameters={"algorithm": None}), id="no-algorithm"),
        pytest.param(
            lambda: by_cavage(
                names="(request-target) (created) (expires) host digest",
                parameters={"algorithm": '"hs2019"', "created": str(SECONDS), "expires": str(SECONDS + 300)},
            ),
            id="created-and-expires-and-no-date",
        ),
        pytest.param(
            lambda: by_cavage(
                names="(request-target) (created) host digest",
                parameters={"algorithm": '"hs2019"', "created": f'"{SECONDS}"'},
                headers={"Date": None},
            ),
            id="created-in-quotation-marks",
        ),
        pytest.param(lambda: by_cavage(target="/x?page=1"), id="query-signed"),
        pytest.param(lambda: by_cavage(target="/x?page=1", signed_target="/x"), id="query-not-signed"),
        pytest.param(lambda: by_cavage(headers={"Host": "US.example:443"}), id="host-with-default-port"),
        pytest.param(lambda: by_cavage(headers={"Digest": f"sha-256={sha(BODY)}"}), id="digest-in-lower-case"),
        pytest.param(
            lambda: by_cavage(headers={"Digest": f"MD5=x, SHA-256={sha(BODY)},SHA-512=y"}), id="several-digests"
        ),
        pytest.param(lambda: by_cavage(parameters={"extension": '"x"'}), id="an-unknown-parameter"),
        pytest.param(lambda: by_cavage(again=(("Accept", "a"), ("Accept", "b"))), id="another-header-twice"),
        pytest.param(lambda: by_cavage(again=(("Authorization", "Signature x"),)), id="authorization-beside-it"),
        pytest.param(lambda: by_cavage(headers={"Date": date(minutes=-50)}), id="SIG-11-50-minutes-ago"),
        pytest.param(lambda: by_cavage(headers={"Date": date(minutes=50)}), id="SIG-11-in-50-minutes"),
        pytest.param(lambda: by_cavage(headers={"Date": date(minutes=-65)}), id="SIG-11-65-minutes-ago"),
        pytest.param(lambda: by_cavage(headers={"Date": date(minutes=60)}), id="SIG-11-in-60-minutes"),
        pytest.param(by_rfc9421, id="rfc9421-post"),
        pytest.param(
            lambda: by_rfc9421(method="GET", body=b"", covered='"@method" "@target-uri"', target="/x?page=1"),
            id="rfc9421-get",
        ),
        pytest.param(lambda: by_rfc9421(parameters=parameters()), id="rfc9421-no-alg"),
        pytest.param(
            lambda: by_rfc9421(parameters=parameters(more=';nonce="n";tag="t";x=*y;z')), id="rfc9421-more-parameters"
        ),
        pytest.param(
            lambda: by_rfc9421(parameters=parameters(more=f";expires={SECONDS + 60}")), id="rfc9421-not-yet-expired"
        ),
        pytest.param(
            lambda: by_rfc9421(covered='"@method" "@authority" "@path" "content-digest"'), id="rfc9421-authority-path"
        ),
        pytest.param(
            lambda: by_rfc9421(
                target="/x?y", covered='"@method" "@authority" "@path" "@query" "@scheme" "content-digest"'
            ),
            id="rfc9421-authority-path-query",
        ),
        pytest.param(
            lambda: by_rfc9421(target="/x?y", covered='"@method" "@authority" "@request-target" "content-digest"'),
            id="rfc9421-request-target",
        ),
        pytest.param(
            lambda: by_rfc9421(covered='"date" "@method" "@target-uri" "content-digest"', headers={"Date": "x"}),
            id="rfc9421-a-header",
        ),
        pytest.param(lambda: by_rfc9421(inputs="sig1={} ", signature="sig1=:{}:  "), id="rfc9421-white-space"),
        pytest.param(
            lambda: by_rfc9421(headers={"Content-Digest": f"sha-256=:{sha(BODY)}:, unixsum=:AA==:"}),
            id="rfc9421-several-digests",
        ),
        pytest.param(lambda: by_rfc9421(parameters=parameters(created=str(SECONDS - 3900))), id="rfc9421-65-minutes"),
        pytest.param(lambda: by_rfc9421(parameters=parameters(created=str(SECONDS + 3600))), id="rfc9421-in-an-hour"),
    ],
)
def test_a_whole_signature_is_accepted(request_: Any) -> None:
    request = request_()

    claim = read(request, now=NOW)

    assert claim.key_id == KEY_ID
    assert verify(claim, public())


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="SIG-01-no-headers"),
        pytest.param({"Host": "us.example", "Date": date()}, id="SIG-01-unsigned"),
        pytest.param({"Authorization": 'Signature keyId="a",signature="AAAA"'}, id="SIG-16-only-in-authorization"),
    ],
)
def test_a_request_without_a_signature_header_is_from_nobody(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        read(received(headers), now=NOW)


@pytest.mark.parametrize("make", [by_cavage, by_rfc9421])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"target": "/users/b/inbox"}, id="SIG-10-another-inbox"),
        pytest.param({"target": "/inbox"}, id="SIG-10-the-shared-inbox"),
        pytest.param({"target": "/users/a/inbox/"}, id="SIG-10-a-slash-more"),
        pytest.param({"method": "PUT"}, id="another-method"),
    ],
)
def test_a_signature_holds_only_for_its_own_target(make: Any, change: dict[str, Any]) -> None:
    request: Request = make()
    assert is_good(request)

    assert not is_good(request._replace(**change))


def test_a_signature_for_another_host_does_not_hold_under_our_host_header() -> None:
    # SIG-08: the captured request is sent on with its Host header replaced.
    captured = by_cavage(headers={"Host": "evil.example"})
    headers = tuple((name, "us.example" if name == "Host" else value) for name, value in captured.headers)

    assert not is_good(captured._replace(headers=headers))


def test_rfc9421_binds_the_target_to_our_origin_and_not_to_the_host_header() -> None:
    request = by_rfc9421(headers={"Host": "them.example"})._replace(origin="https://them.example")

    assert not is_good(request)


@pytest.mark.parametrize("make", [by_cavage, by_rfc9421])
def test_the_wrong_key_does_not_verify(make: Any) -> None:
    claim = read(make(), now=NOW)

    assert not verify(claim, keys.public_rsa(keys.new_rsa().public))


def test_a_signature_keyed_with_the_public_key_does_not_verify() -> None:
    # SIG-13: what an HMAC with the PEM as its secret would look like to RSA.
    claim = read(by_cavage(parameters={"signature": f'"{sha(pair().public.encode())}"'}), now=NOW)

    assert not verify(claim, public())


@pytest.mark.parametrize("make", [by_cavage, by_rfc9421])
def test_copies_of_one_request_have_one_fingerprint(make: Any) -> None:
    # SIG-17: the replay cache goes by it.
    first = read(make(), now=NOW)
    copy = read(make(again=(("X-Forwarded-For", "10.0.0.1"),)), now=NOW + timedelta(minutes=5))
    other = read(make(target="/inbox"), now=NOW)

    assert copy.fingerprint == first.fingerprint
    assert other.fingerprint != first.fingerprint
    assert len(first.fingerprint) == 32


def test_a_second_key_does_not_share_a_fingerprint() -> None:
    same = '"AAAA"'
    first = read(by_cavage(parameters={"signature": same}), now=NOW)
    other = read(by_cavage(parameters={"signature": same, "keyId": '"https://other.example/"'}), now=NOW)

    assert first.fingerprint != other.fingerprint


def test_a_query_is_the_only_thing_that_may_be_left_out() -> None:
    with_query = read(by_cavage(target="/x?page=1"), now=NOW)
    without = read(by_cavage(target="/x"), now=NOW)

    assert [base.partition(b"\n")[0] for base in with_query.bases] == [
        b"(request-target): post /x?page=1",
        b"(request-target): post /x",
    ]
    assert len(without.bases) == 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Signature", "Signature-Input", "Digest", "Content-Digest", "Date", "Host", "X"]),
            st.text('keyIdsgnatur="(),;:@-1 \\AB=?\nü', max_size=60),
        ),
        max_size=6,
    )
)
def test_no_header_however_odd_does_worse_than_a_refusal(headers: list[tuple[str, str]]) -> None:
    request = Request(method="POST", target=INBOX, headers=tuple(headers), body=BODY, origin=ORIGIN)

    with pytest.raises((Invalid, Unauthenticated)):
        read(request, now=NOW)


@pytest.mark.skipif(not VECTORS.exists(), reason=ABSENT)
@pytest.mark.parametrize(
    "id_",
    [
        "sample-sha-512",
        "sample-sha-256",
        "B.1",
        "B.2-empty",
        "B.6-br-sha-256",
        "B.6-br-sha-512",
        "rfc3230-empty",
        "rfc3230-cavage",
        "mastodon-hello",
        "mastodon-hello-9530",
        "mastodon-tampered",
        "mastodon-malformed",
    ],
)
def test_published_digests(id_: str) -> None:
    case = next(case for case in vectors("digest-rfc9530-rfc3230.json")["cases"] if case["id"] == id_)
    check = cavage.refuse_other_body if case["field"] == "Digest" else rfc9421.refuse_other_body

    try:
        check(case["value"], b64decode(case["body_base64"]))
        outcome = "match"
    except Unauthenticated:
        outcome = "mismatch"
    except Invalid:
        outcome = "malformed"

    assert outcome == case["expect"]
