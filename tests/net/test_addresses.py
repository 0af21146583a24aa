import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedishare.core.errors import Invalid
from fedishare.net.addresses import Allowed

CLOSED_IPV4 = [
    "0.0.0.0",  # noqa: S104  # an address to refuse, not to listen on
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]

CLOSED_IPV6 = [
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff02::16",
]


@pytest.mark.parametrize("address", [*CLOSED_IPV4, *CLOSED_IPV6])
def test_ssrf_01_02_addresses_off_the_public_internet_are_closed(address: str) -> None:
    assert Allowed().permits(address) is False


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2001:200::1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
        "[2606:4700:4700::1111]",
    ],
)
def test_public_addresses_are_open(address: str) -> None:
    assert Allowed().permits(address) is True


@pytest.mark.parametrize("text", ["", "us.example", "127.1", "0x7f.0.0.1", "0177.0.0.1", "8.8.8.8/32", "8.8.8.8 "])
def test_what_is_not_an_address_is_closed(text: str) -> None:
    assert Allowed(["0.0.0.0/0", "::/0"]).permits(text) is False


def test_the_settings_open_what_they_name_and_no_more() -> None:
    allowed = Allowed(["127.0.0.0/8", "fd00:1::/32"])

    assert allowed.allows_loopback
    assert [allowed.permits(a) for a in ("127.0.0.2", "::ffff:127.0.0.1", "fd00:1::5", "8.8.8.8")] == [True] * 4
    assert [allowed.permits(a) for a in ("10.0.0.1", "::1", "fd00:2::5", "::127.0.0.1")] == [False] * 4
    assert [allowed.opens(a) for a in ("127.0.0.2", "[fd00:1::5]", "8.8.8.8", "us.example")] == [
        True,
        True,
        False,
        False,
    ]


def test_loopback_is_closed_unless_the_settings_open_it() -> None:
    assert not Allowed().allows_loopback
    assert not Allowed(["10.0.0.0/8"]).allows_loopback


@pytest.mark.parametrize("network", ["", "localhost", "127.0.0.1/8", "10.0.0.0/33"])
def test_a_network_that_cannot_be_read_is_refused(network: str) -> None:
    with pytest.raises(Invalid):
        Allowed([network])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_dressed_as_ipv6_is_judged_as_ipv4(address: object) -> None:
    allowed = Allowed()

    assert allowed.permits(f"::ffff:{address}") is allowed.permits(str(address))
