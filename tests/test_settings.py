"""Settings: read once, checked, and refused with one line that names the culprit."""

import ipaddress
from pathlib import Path

import pytest

from fedishare import settings
from fedishare.core.errors import Invalid

URL = {"FEDISHARE_URL": "https://Staffroom.Example/"}


def test_only_the_address_has_to_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    read = settings.load(URL)

    assert read == settings.Settings(
        url="https://staffroom.example",
        listen_host="127.0.0.1",
        listen_port=8000,
        data=tmp_path / "data",
        database=f"sqlite+aiosqlite:///{tmp_path}/data/fedishare.db",
        name="staffroom.example",
    )


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fedishare.toml"
    file.write_text('url = "https://a.example"\nname = "From file"\nallow_addresses = ["127.0.0.0/8", "10.0.0.0/8"]\n')

    read = settings.load({"FEDISHARE_NAME": "From environment"}, file=file)

    networks = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.0.0.0/8"))
    assert (read.url, read.name, read.allow_addresses) == ("https://a.example", "From environment", networks)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", ""),
        ("URL", "staffroom.example"),
        ("URL", "http://staffroom.example"),
        ("URL", "https://staffroom.example/path"),
        ("URL", "https://user@staffroom.example"),
        ("LISTEN", "8000"),
        ("LISTEN", "127.0.0.1:99999"),
        ("DATABASE", "mysql://somewhere"),
        ("DATABASE", "sqlite://"),
        ("ALLOW_ADDRESSES", "everything"),
        ("TRUSTED_PROXIES", "127.0.0.1/8"),
        ("CA_FILE", "/nowhere/ca.pem"),
        ("TLS_CERT", "/nowhere/cert.pem"),
        ("MAX_UPLOAD", "lots"),
        ("MAX_UPLOAD", "0"),
        ("WORKER", "maybe"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=f"FEDISHARE_{name}") as refused:
        settings.load(URL | {f"FEDISHARE_{name}": value})

    assert "\n" not in str(refused.value)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    cert = tmp_path / "cert.pem"
    cert.touch()

    with pytest.raises(Invalid, match="FEDISHARE_TLS_KEY"):
        settings.load(URL | {"FEDISHARE_TLS_CERT": str(cert)})


@pytest.mark.parametrize("address", ["http://a.localhost:8101", "http://127.0.0.1:8000", "http://localhost:8000"])
def test_plain_http_is_for_loopback(address: str) -> None:
    assert settings.load({"FEDISHARE_URL": address}).url == address


@pytest.mark.parametrize(
    ("text", "said"), [("url = ", "not TOML"), ('colour = "blue"', "colour"), ("\xff", "not TOML")]
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "fedishare.toml"
    file.write_text(text, "latin-1")

    with pytest.raises(Invalid, match=said):
        settings.load({}, file=file)
