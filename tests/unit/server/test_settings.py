"""The configuration: complete example, and every kind of mistake named."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from pki.domain.errors import ConfigurationInvalid
from server.roles.status import listener_limits, responder_policy
from server.settings import Settings, check, load

EXAMPLE = Path(__file__).parents[3] / "config" / "zorgid.example.toml"
ALTERNATIVES = {
    "store.postgresql",
    "ldap.url",
    "ldap.bind_dn",
    "ldap.password_file",
    "ldap.ca_file",
    "ldap.certificate",
    "ldap.key",
    *(
        f"ldap.replicas.{name}"
        for name in ("name", "url", "bind_dn", "password_file", "certificate", "key", "ca_file")
    ),
    "attestation.roots",
    "root.links.certificate",
    "root.links.published_as",
    *(
        f"{key}.pkcs11.{name}"
        for key in ("token_ca.key", "status.responder_key", "evidence.key")
        for name in ("module", "token", "key_id", "label", "pin_credential", "pin_file", "pin_fd")
    ),
}
NEXT_GENERATION = {
    "id": "token-ca-g2",
    "certificate": "ca/g2.pem",
    "published_as": "token-ca-g2",
    "archive_years": 5,
}
PINS = {"pin_credential", "pin_file", "pin_fd"}


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """The example, with every file it names in place."""
    found = tomllib.loads(EXAMPLE.read_text("utf-8"))
    for name in named_files(found):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return found


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


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        options = (field.annotation, *get_args(field.annotation))
        inner = next(
            (each for each in options if isinstance(each, type) and issubclass(each, BaseModel)),
            None,
        )
        if inner is None:
            yield prefix + name
        else:
            yield from keys(inner, f"{prefix}{name}.")


def present(document: dict[str, Any], key: str) -> bool:
    value: Any = document
    for piece in key.split("."):
        while isinstance(value, list):
            value = value[0]
        if not isinstance(value, dict) or piece not in value:
            return False
        value = value[piece]
    return True


def test_the_example_is_valid(document: dict[str, Any], tmp_path: Path) -> None:
    settings = check(document, directory=tmp_path)
    assert settings.store.path == tmp_path / "store" / "zorgid.sqlite3"
    assert settings.uzi is not None


def once(key: str) -> bool:
    """A CA's key and CRL are shown at the CA that has one."""
    section, _, rest = key.partition(".")
    elsewhere = {"token_ca": ("crl",), "mobiel_ca": ("crl", "key.pkcs11")}
    elsewhere |= {"root": ("key",), "services_ca": ("key",)}
    return not any(
        rest == each or rest.startswith(f"{each}.") for each in elsewhere.get(section, ())
    )


@pytest.mark.parametrize("key", sorted(filter(once, set(keys(Settings)))))
def test_the_example_names_every_setting(key: str) -> None:
    text = EXAMPLE.read_text("utf-8")
    if key in ALTERNATIVES:
        assert f"# {key.rpartition('.')[2]} = " in text
    else:
        assert present(tomllib.loads(text), key), key


def in_a_token(document: dict[str, Any], *left_out: str) -> None:
    """The example with the block that is commented out, in place of the key file."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("# [token_ca.key.pkcs11]"))
    block = "\n".join(line.removeprefix("# ") for line in lines[start : lines.index("", start)])
    settings = tomllib.loads(block)["token_ca"]["key"]["pkcs11"]
    kept = {name: value for name, value in settings.items() if name not in left_out}
    document["token_ca"][0]["key"] = {"pkcs11": kept}


@pytest.mark.parametrize("pin", sorted(PINS))
def test_the_key_may_be_in_a_token_instead(
    document: dict[str, Any], tmp_path: Path, pin: str
) -> None:
    (tmp_path / "secrets" / "hsm-pin").touch()
    in_a_token(document, *(PINS - {pin}))
    key = check(document, directory=tmp_path).token_ca[0].key
    assert key is not None
    assert key.software is None
    assert key.pkcs11 is not None
    assert key.pkcs11.key_id == "a1b2c3d4"
    assert getattr(key.pkcs11, pin) is not None


@pytest.mark.parametrize(
    ("left_out", "says"),
    [
        ((), "just one of pin_file"),
        (tuple(PINS), "just one of pin_file"),
        (("pin_file", "pin_fd", "token"), "token_ca.0.key.pkcs11.token"),
        (("pin_file", "pin_fd", "key_id"), "token_ca.0.key.pkcs11.key_id"),
    ],
)
def test_a_token_key_that_is_half_named(
    document: dict[str, Any], tmp_path: Path, left_out: tuple[str, ...], says: str
) -> None:
    (tmp_path / "secrets" / "hsm-pin").touch()
    in_a_token(document, *left_out)
    with pytest.raises(ConfigurationInvalid, match=says):
        check(document, directory=tmp_path)


def test_a_key_is_in_one_place_only(document: dict[str, Any], tmp_path: Path) -> None:
    files = document["token_ca"][0]["key"]
    in_a_token(document, "pin_file", "pin_fd")
    document["token_ca"][0]["key"] |= files
    with pytest.raises(ConfigurationInvalid, match="either file and passphrase_file, or pkcs11"):
        check(document, directory=tmp_path)
    del document["token_ca"][0]["key"]["passphrase_file"]
    with pytest.raises(ConfigurationInvalid, match="belong together"):
        check(document, directory=tmp_path)


def test_the_defaults_are_what_the_example_says(document: dict[str, Any], tmp_path: Path) -> None:
    said = check(document, directory=tmp_path)
    for section in ("crl", "limits"):
        del document[section]
    for key in ("answer_lifetime_seconds", "max_age_seconds", "blindness_limit_seconds"):
        del document["status"][key]
    assert check(document, directory=tmp_path) == said


def change(document: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    section: Any = document
    for piece in path:
        section = section[int(piece) if piece.isdigit() else piece]
    section[last] = value


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("status.max_ago", 10, "status.max_ago"),
        ("colour", "blue", "colour"),
        ("status.max_age_seconds", 61, "status.max_age_seconds"),
        ("status.public_url", "https://status.example", "http://"),
        ("status.public_url", "http://" + "a" * 60, "status.public_url"),
        ("metrics.listen", "0.0.0.0:8083", "loopback"),
        ("ldap.listen", "192.0.2.1:389", "loopback"),
        ("token_ca.0.name", "ZORG-ID, Token CA", "','"),
        ("token_ca.0.name", "ZORG=ID", "'='"),
        ("installation.operator", "Evil\nO", "installation.operator"),
        ("installation.kind", "test", "installation.kind"),
        ("root.0.certificate", "ca/none.pem", "does not exist"),
        ("token_ca.0.state", "retired", "token_ca.0.state"),
        ("token_ca.0.archive_years", -1, "token_ca.0.archive_years"),
        ("store.postgresql", "postgresql+psycopg://x/y", "store"),
        ("ldap.mode", "external", "ldap.url"),
        ("status.answer_lifetime_seconds", 200, "status.blindness_limit_seconds"),
        ("status.presign", ["sha512"], "status.presign"),
        ("api.listen", "127.0.0.1:8080", "api.listen: is the same as status.listen"),
        ("status.proxies", ["192.0.2.1/24"], "192.0.2.0/24"),
        ("status.proxies", ["proxy.example"], "neither an address nor a network"),
        ("crl.interval_seconds", 86_401, "crl.interval_seconds"),
        ("crl.lifetime_seconds", 3_600, "crl.lifetime_seconds"),
        ("rules.cards_can_be_blocked", False, "rules.revoke_needs_block"),
        ("root.0.id", "token-ca-g1", "token_ca.0.id"),
        ("services_ca.published_as", "zorg-id-token-ca", "services_ca.published_as"),
        ("services_ca.certificate", "ca/root.pem", "services_ca.certificate"),
        ("api.listen", "127.0.0.1:99999", "api.listen"),
        ("status.listen", "localhost:70000", "65535"),
    ],
)
def test_a_mistake_is_named(
    document: dict[str, Any], tmp_path: Path, key: str, value: Any, says: str
) -> None:
    change(document, key, value)
    with pytest.raises(ConfigurationInvalid) as caught:
        check(document, directory=tmp_path)
    assert says in caught.value.message + caught.value.key + caught.value.next_step
    assert caught.value.next_step


def test_a_line_of_a_proxy_needs_a_proxy(document: dict[str, Any], tmp_path: Path) -> None:
    unnamed = {key: value for key, value in document["api"].items() if key != "proxies"}
    for api in (unnamed, unnamed | {"proxies": []}):
        document["api"] = api | {"proxy_protocol": True}
        with pytest.raises(ConfigurationInvalid, match=r"api.proxy_protocol: no proxy is named"):
            check(document, directory=tmp_path)
    document["api"]["proxies"] = ["127.0.0.1"]
    assert check(document, directory=tmp_path).api.proxy_protocol


def test_an_answer_must_outlast_what_caches_add(document: dict[str, Any], tmp_path: Path) -> None:
    lives = {"answer_lifetime_seconds": 239, "blindness_limit_seconds": 60}
    document["status"] |= {"max_age_seconds": 60} | lives
    with pytest.raises(ConfigurationInvalid, match=r"status.answer_lifetime_seconds.*four times"):
        check(document, directory=tmp_path)


def test_digests_of_certificates_are_not_signed_early(
    document: dict[str, Any], tmp_path: Path
) -> None:
    document["status"] |= {"presign": ["sha1", "sha256"]}
    assert check(document, directory=tmp_path).status.presign == ("sha1", "sha256")
    document["status"] |= {"certificate_hash": True}
    with pytest.raises(ConfigurationInvalid, match=r"status.presign"):
        check(document, directory=tmp_path)


def test_a_file_that_is_not_there_or_not_toml_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read") as caught:
        load(tmp_path / "none.toml")
    assert "zorgid init" in caught.value.next_step
    broken = tmp_path / "zorgid.toml"
    broken.write_text("[status\n")
    with pytest.raises(ConfigurationInvalid, match="is not TOML"):
        load(broken)


def test_the_listener_gets_its_limits(document: dict[str, Any], tmp_path: Path) -> None:
    del document["status"]["proxies"]
    own = listener_limits(check(document, directory=tmp_path), grace_seconds=3).proxies
    assert list(map(str, own)) == ["127.0.0.0/8", "::1/128"]
    document["status"] |= {
        "connections": 20,
        "connections_per_peer": 5,
        "proxies": ["192.0.2.1", "2001:db8::/48"],
    }
    limits = listener_limits(check(document, directory=tmp_path), grace_seconds=3)
    assert (limits.connections, limits.each_peer, limits.grace_seconds) == (20, 5, 3)
    assert list(map(str, limits.proxies)) == ["192.0.2.1/32", "2001:db8::/48"]


def test_what_ocsp_answers_may_add_is_off_unless_set(
    document: dict[str, Any], tmp_path: Path
) -> None:
    def policy(**status: object) -> tuple[bool, int]:
        document["status"] |= status
        made = responder_policy(check(document, directory=tmp_path))
        return made.extended_revoke, made.archive_years

    assert policy() == (False, 0)
    assert policy(never_issued="revoked") == (True, 0)
    assert policy(archive_cutoff=True) == (True, 7)
    (tmp_path / "ca" / "g2.pem").touch()
    document["token_ca"].append(document["token_ca"][0] | NEXT_GENERATION)
    assert policy() == (True, 5), "no more than every generation keeps"
    with pytest.raises(ConfigurationInvalid, match=r"status\.never_issued"):
        policy(never_issued="good")
