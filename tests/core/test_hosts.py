import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedishare.core import hosts
from fedishare.core.errors import Invalid
from fedishare.core.hosts import Origin


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("us.example", "us.example"),
        ("US.EXAMPLE", "us.example"),
        ("us.example.", "us.example"),
        ("uS\uff0eexaMPLE", "us.example"),
        ("\uff55\uff53.example", "us.example"),
        ("us。example", "us.example"),
        ("us\u00ad.example", "us.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("mu\u0308nchen.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("שלום.example", "xn--9dbne9b.example"),
        ("_dmarc.us.example", "_dmarc.us.example"),
        ("r3---sn.us.example", "r3---sn.us.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("::1", "[::1]"),
        ("[2001:0DB8:0:0::0001]", "[2001:db8::1]"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_one_host_has_one_spelling(written: str, canonical: str) -> None:
    assert hosts.canonical_host(written) == canonical


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="only a dot"),
        pytest.param("us.example..", id="two dots at the end"),
        pytest.param("us..example", id="two dots inside"),
        pytest.param(".us.example", id="dot at the start"),
        pytest.param("us\t.example", id="tab"),
        pytest.param("us .example", id="space"),
        pytest.param("us\n.example", id="line feed"),
        pytest.param("us\x00.example", id="NUL"),
        pytest.param("us\x85.example", id="C1 control"),
        pytest.param("us%2eexample", id="percent"),
        pytest.param("us\uff052eexample", id="full-width percent"),
        pytest.param("us.example@evil", id="user"),
        pytest.param("us.example:443", id="port"),
        pytest.param("evil/us.example", id="slash"),
        pytest.param("evil\uff0fus.example", id="full-width slash"),
        pytest.param("℀.example", id="a sign that maps to a slash"),
        pytest.param("evil\\us.example", id="backslash"),
        pytest.param("evil#us.example", id="hash"),
        pytest.param("evil?us.example", id="question mark"),
        pytest.param("us.example,evil", id="comma"),
        pytest.param("_.example", id="underscore only"),
        pytest.param("__._", id="underscores only"),
        pytest.param("-us.example", id="hyphen first"),
        pytest.param("us-.example", id="hyphen last"),
        pytest.param("a" * 64 + ".example", id="64 characters in a label"),
        pytest.param(".".join(["a" * 49] * 5) + ".abcd", id="254 characters"),
        pytest.param("ü" * 60 + ".example", id="too long once encoded"),
        pytest.param("a" * 5000, id="5000 characters"),
        pytest.param("xn--.example", id="empty punycode"),
        pytest.param("xn--a.example", id="punycode of nothing"),
        pytest.param("xn--us-.example", id="punycode of ASCII"),
        pytest.param("xn--\u00fc.example", id="punycode prefix before a letter that is not ASCII"),
        pytest.param("xn--Mnchen-3YB!.example", id="broken punycode"),
        pytest.param("us\u202eelpmaxe.evil", id="right-to-left override"),
        pytest.param("us\u200d.example", id="joiner without a reason"),
        pytest.param("אus.example", id="both directions in a label"),
        pytest.param("1us.שלום", id="number first beside a right-to-left label"),
        pytest.param("\u0301us.example", id="accent first"),
        pytest.param("🦊.example", id="picture"),
        pytest.param("\ud800.example", id="half a surrogate pair"),
        pytest.param("2130706433", id="address as one number"),
        pytest.param("0x7f000001", id="address in hexadecimal"),
        pytest.param("0x7f.1", id="short address in hexadecimal"),
        pytest.param("0177.0.0.1", id="address in octal"),
        pytest.param("127.1", id="short address"),
        pytest.param("1.2.3.4.5", id="five numbers"),
        pytest.param("256.1.1.1", id="number over 255"),
        pytest.param("us.123", id="number last"),
        pytest.param("[fe80::1%lo]", id="zone"),
        pytest.param("[::1", id="half a bracket"),
        pytest.param("[us.example]", id="name in brackets"),
        pytest.param("[127.0.0.1]", id="IPv4 in brackets"),
    ],
)
def test_a_doubtful_host_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        hosts.canonical_host(written)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.from_regex(r"\A[\w.\-:\[\]%\u0590-\u05ff\u3002]{1,40}\Z"), st.ip_addresses().map(str)))
def test_a_canonical_host_stays_as_it_is(written: str) -> None:
    try:
        once = hosts.canonical_host(written)
    except Invalid:
        return

    assert hosts.canonical_host(once) == once
    assert once.isascii()
    assert once == once.lower()


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcäßéш漢字9-", min_size=1, max_size=20))
def test_an_international_name_and_its_ascii_form_are_one_host(label: str) -> None:
    try:
        canonical = hosts.canonical_host(f"{label}.example")
    except Invalid:
        return

    assert hosts.canonical_host(idna.decode(canonical.encode())) == canonical


@pytest.mark.parametrize(
    ("url", "origin", "written"),
    [
        ("https://us.example", Origin("https", "us.example", 443), "https://us.example"),
        ("https://us.example:443/", Origin("https", "us.example", 443), "https://us.example"),
        ("HTTPS://US.Example./users/a", Origin("https", "us.example", 443), "https://us.example"),
        ("http://us.example:80", Origin("http", "us.example", 80), "http://us.example"),
        ("http://us.example:443/", Origin("http", "us.example", 443), "http://us.example:443"),
        ("https://us.example:8443?a#b", Origin("https", "us.example", 8443), "https://us.example:8443"),
        ("https://[::1]:8443/", Origin("https", "[::1]", 8443), "https://[::1]:8443"),
        ("https://us.example.evil/", Origin("https", "us.example.evil", 443), "https://us.example.evil"),
        ("https://evil/us.example", Origin("https", "evil", 443), "https://evil"),
        ("https://evil?@us.example", Origin("https", "evil", 443), "https://evil"),
        ("https://evil#@us.example", Origin("https", "evil", 443), "https://evil"),
    ],
)
def test_a_url_has_one_origin(url: str, origin: Origin, written: str) -> None:
    assert hosts.origin_of(url) == origin
    assert str(hosts.origin_of(url)) == written


DOUBTFUL_URLS = [
    pytest.param("", id="empty"),
    pytest.param("us.example", id="no scheme"),
    pytest.param("//us.example/", id="scheme left out"),
    pytest.param("ftp://us.example/", id="ftp"),
    pytest.param("javascript:alert(1)", id="script"),
    pytest.param("data:text/html,x", id="data"),
    pytest.param("https:us.example", id="no slashes"),
    pytest.param("https:/us.example", id="one slash"),
    pytest.param("https:///us.example", id="no host"),
    pytest.param("https://", id="nothing"),
    pytest.param(" https://us.example/", id="space first"),
    pytest.param("https://us.example/ ", id="space last"),
    pytest.param("https://us.example@evil/", id="our name as a user"),
    pytest.param("https://evil:x@us.example/", id="user and password"),
    pytest.param("https://@us.example/", id="empty user"),
    pytest.param("https://us.example\\@evil/", id="backslash"),
    pytest.param("https://us.example/a\\b", id="backslash in the path"),
    pytest.param("https://us\t.example/", id="tab in the host"),
    pytest.param("https://us.example/a\tb", id="tab in the path"),
    pytest.param("https://us.example/a\r\nHost: evil", id="CRLF in the path"),
    pytest.param("https://us.example/?a\nb", id="LF in the query"),
    pytest.param("https://us.example/\x00", id="NUL"),
    pytest.param("https://us.example/a b", id="space in the path"),
    pytest.param("https://us%2eexample/", id="percent in the host"),
    pytest.param("https://us.example%0d%0a/", id="encoded CRLF in the host"),
    pytest.param("https://us.example:/", id="empty port"),
    pytest.param("https://us.example:0/", id="port 0"),
    pytest.param("https://us.example:0443/", id="port with a zero in front"),
    pytest.param("https://us.example:65536/", id="port 65536"),
    pytest.param("https://us.example:-1/", id="negative port"),
    pytest.param("https://us.example:\uff14\uff14\uff13/", id="full-width port"),
    pytest.param("https://us.example:443:443/", id="two ports"),
    pytest.param("https://::1/", id="IPv6 without brackets"),
    pytest.param("https://[::1]evil/", id="text after brackets"),
    pytest.param("https://us.example/\ud800", id="half a surrogate pair"),
    pytest.param("https://us.example/" + "a" * 5000, id="5000 characters"),
]


@pytest.mark.parametrize("url", DOUBTFUL_URLS)
def test_a_doubtful_url_has_no_origin(url: str) -> None:
    with pytest.raises(Invalid):
        hosts.origin_of(url)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://us.example/a", "https://us.example/b", True),
        ("https://us.example/a", "HTTPS://US.EXAMPLE.:443/b", True),
        ("https://us.example/a", "https://\uff55\uff53.example/b", True),
        ("https://us.example/", "http://us.example/", False),
        ("https://us.example/", "https://us.example:8443/", False),
        ("https://us.example/", "https://a.us.example/", False),
        ("https://us.example/", "https://us.example.evil/", False),
        ("https://us.example/", "https://us.example@evil/", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_origins_are_the_same_only_without_doubt(a: str, b: str, same: bool) -> None:
    assert hosts.same_origin(a, b) is same


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://us.example", "/"),
        ("https://us.example?a=b", "/?a=b"),
        ("https://us.example/a/../b", "/a/../b"),
        ("https://us.example/%61%2F?x=%2F&y", "/%61%2F?x=%2F&y"),
        ("https://us.example/%0d%0a", "/%0d%0a"),
        ("https://us.example/ü?q=ü#ü", "/%C3%BC?q=%C3%BC"),
        ('https://us.example/"<>^`{|}', "/%22%3C%3E%5E%60%7B%7C%7D"),
        ("https://us.example/~a;b=c,d!$&'()*+:@[]", "/~a;b=c,d!$&'()*+:@[]"),
    ],
)
def test_a_target_is_what_goes_over_the_wire(url: str, target: str) -> None:
    assert hosts.split(url).target == target


def test_a_location_is_written_without_surprises() -> None:
    location = hosts.split("HTTPS://MÜNCHEN.example.:443/ü#x")

    assert str(location) == "https://xn--mnchen-3ya.example/%C3%BC"
    assert str(hosts.split(str(location))) == str(location)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/b", "https://us.example/b"),
        ("b?c", "https://us.example/a/b?c"),
        ("//evil/b", "https://evil/b"),
        ("http://us.example/", "http://us.example/"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_references_are_resolved(reference: str, url: str) -> None:
    assert hosts.resolve_reference("https://us.example/a/", reference) == url


@pytest.mark.parametrize("reference", ["", "/a\tb", "\n//evil/", " /a", "https://[::1/"])
def test_a_doubtful_reference_is_refused(reference: str) -> None:
    with pytest.raises(Invalid):
        hosts.resolve_reference("https://us.example/a/", reference)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("school.localhost", True),
        ("School.LOCALHOST.", True),
        ("notlocalhost", False),
        ("localhost.example", False),
        ("127.0.0.1", False),
        ("not a host", False),
    ],
)
def test_names_of_this_machine_are_known(host: str, local: bool) -> None:
    assert hosts.is_local_name(host) is local


@pytest.mark.parametrize(
    ("host", "reserved"),
    [
        ("printer.local", True),
        ("db.internal", True),
        ("a.localhost", True),
        ("nas.lan", True),
        ("home.arpa", True),
        ("nas.home.arpa", True),
        ("abc.onion", True),
        ("abc.i2p", True),
        ("a.test", True),
        ("a.invalid", True),
        ("A.Invalid.", True),
        ("single", True),
        ("_._", True),
        ("us.example", False),
        ("local.example", False),
        ("athome.arpa", False),
        ("192.0.2.1", False),
        ("[2001:db8::1]", False),
    ],
)
def test_names_that_no_public_server_has_are_known(host: str, reserved: bool) -> None:
    assert hosts.is_reserved_name(host) is reserved


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("evil.test", "evil.test"),
        ("a.b.c.evil.test", "evil.test"),
        ("staffroom.alder.example.co.uk", "example.co.uk"),
        ("www.alder.kent.sch.uk", "alder.kent.sch.uk"),
        ("alder.school.nz", "alder.school.nz"),
        ("a.evil.de", "evil.de"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("203.0.113.5", "203.0.113.5"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ],
)
def test_mod_11_what_somebody_had_to_register_is_what_is_counted(host: str, domain: str) -> None:
    assert hosts.registered(host) == domain
