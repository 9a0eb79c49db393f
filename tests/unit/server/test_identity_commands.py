"""`zorgid identity`, and the section [dezi]."""

import base64
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from pki.domain.errors import ConfigurationInvalid
from pki.domain.identity.record import Means
from pki.ports import SystemClock, SystemEntropy
from server.cli import run
from server.identity.dezi import dezi_trust
from server.identity.sources import source_of
from server.roles.issuance_desk import open_desk
from server.setting.identity import DeziSettings
from server.settings import check, load

EXAMPLE = Path(__file__).parents[3] / "config" / "zorgid.example.toml"
CLAIMS = {
    "jti": "f1",
    "iss": "https://abonnee.dezi.nl",
    "aud": "zorgid-token-ca",
    "exp": 253_402_300_799,
    "nbf": 0,
    "json_schema": "https://www.dezi.nl/json_schemas/v1/verklaring.json",
    "loa_dezi": "http://eidas.europa.eu/LoA/high",
    "verklaring_id": "v1",
    "dezi_nummer": "900000101",
    "voorletters": "A.B.",
    "voorvoegsel": None,
    "achternaam": "Zorgmedewerker",
    "abonnee_nummer": "90000382",
    "abonnee_naam": "Zorgaanbieder",
    "rol_code": "92.000",
    "rol_naam": "Mondhygiënist",
    "rol_code_bron": "http://www.dezi.nl/rol_bron/big",
    "status_uri": "https://auth.dezi.nl/status/v1/verklaring/v1",
}
Said = pytest.CaptureFixture[str]


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def statement(**changed: Any) -> bytes:
    parts = ({"alg": "RS256", "typ": "JWT"}, CLAIMS | changed)
    octets = b".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in parts
    )
    mark = key().sign(octets, padding.PKCS1v15(), hashes.SHA256())
    return octets + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")


def named_files(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for inner in value.values():
                yield from named_files(inner)
        case list():
            for inner in value:
                yield from named_files(inner)
        case str() if value.endswith((".pem", ".crl", "/passphrase", "cps.txt")):
            yield value
        case _:
            return


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example configuration with its files, of which Dezi's key is one that can be used."""
    text = EXAMPLE.read_text("utf-8")
    for name in named_files(tomllib.loads(text)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "dezi" / "signing.pem").write_bytes(public)
    (tmp_path / "zorgid.toml").write_text(text, "utf-8")
    (tmp_path / "statement.jwt").write_bytes(statement() + b"\n")
    return tmp_path


def ask(folder: Path, *words: str) -> int:
    return run(
        ["identity", *words, str(folder / "statement.jwt"), "-c", str(folder / "zorgid.toml")]
    )


def test_a_statement_that_is_believed(folder: Path, capsys: Said) -> None:
    assert ask(folder, "dezi", "--json") == 0
    result = json.loads(capsys.readouterr().out)["result"]
    assert (result["means"], result["number"]) == ("dezi", "900000101")
    assert (result["surname"], result["organisation"]) == ("Zorgmedewerker", "90000382")
    assert (result["believed"], result["makes_card"]) == (True, False)
    assert ask(folder, "dezi") == 0
    told = capsys.readouterr().out
    assert "whether Dezi withdrew it is not asked" in told
    assert "makes card         no" in told


def test_a_statement_that_is_not_believed(folder: Path, capsys: Said) -> None:
    (folder / "statement.jwt").write_bytes(statement(exp=1))
    assert ask(folder, "dezi", "--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["type"], "has expired" in error["message"]) == ("statement-rejected", True)
    (folder / "statement.jwt").write_bytes(statement() * 100)
    assert ask(folder, "dezi") == 1
    assert "longer than" in capsys.readouterr().err


@pytest.mark.parametrize("means", Means)
def test_without_its_section_nobody_vouches(folder: Path, means: Means) -> None:
    document = tomllib.loads((folder / "zorgid.toml").read_text("utf-8"))
    section = {Means.DEZI: "dezi", Means.UZI_PASS: "uzi"}[means]
    del document[section]
    with pytest.raises(ConfigurationInvalid) as missing:
        source_of(check(document, directory=folder), means, SystemEntropy())
    assert f"add the section [{section}]" in missing.value.next_step


def test_without_the_section_none_is_read(folder: Path, capsys: Said) -> None:
    config = folder / "zorgid.toml"
    text = config.read_text("utf-8")
    start, end = text.index("[dezi]"), text.index("[[attributes]]")
    config.write_text(text[:start] + text[end:], "utf-8")
    assert ask(folder, "dezi") == 2
    assert "add the section [dezi]" in capsys.readouterr().err


def test_a_pass_is_a_certificate(folder: Path, capsys: Said) -> None:
    config = folder / "zorgid.toml"
    lines, inside = [], False
    for line in config.read_text("utf-8").splitlines():
        if line.startswith("["):
            inside = line.startswith(("[uzi]", "[[uzi."))
        if not inside:
            lines.append(line)
    config.write_text("\n".join(lines), "utf-8")
    assert ask(folder, "pass") == 2
    assert "does not hold one PEM certificate" in capsys.readouterr().err


def test_statements_are_not_for_production(folder: Path) -> None:
    document = tomllib.loads((folder / "zorgid.toml").read_text("utf-8"))
    document["installation"] |= {"kind": "production", "operator": "ZORG-ID"}
    with pytest.raises(ConfigurationInvalid, match="whether one was withdrawn is not asked"):
        check(document, directory=folder)


def test_a_key_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "dezi" / "signing.pem").write_bytes(b"")
    dezi = DeziSettings(issuer="https://abonnee.dezi.nl", keys=(folder / "dezi" / "signing.pem",))
    with pytest.raises(ConfigurationInvalid, match=r"dezi\.keys"):
        dezi_trust(dezi)


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": None},
        {"keys": None},
        {"keys": []},
        {"keys": ["none.pem"]},
        {"issuer": ""},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"skew_seconds": 301},
        {"jku": "https://dezi.example"},
    ],
)
def test_half_a_section_is_refused(folder: Path, changed: dict[str, Any]) -> None:
    whole = {"issuer": "https://abonnee.dezi.nl", "keys": [folder / "dezi" / "signing.pem"]}
    DeziSettings.model_validate(whole)
    left = {name: value for name, value in (whole | changed).items() if value is not None}
    with pytest.raises(ValidationError):
        DeziSettings.model_validate(left)


def test_issuance_does_not_start_with_it(folder: Path) -> None:
    (folder / "dezi" / "signing.pem").write_bytes(b"")
    settings = load(folder / "zorgid.toml")
    nothing: Any = None
    with pytest.raises(ConfigurationInvalid, match=r"dezi\.keys"):
        open_desk(
            settings,
            stores=(nothing, nothing),
            authorities=nothing,
            clock=SystemClock(),
            entropy=SystemEntropy(),
        )
