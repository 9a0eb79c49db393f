"""An installation of several processes that is used, misused and looked into, and then ended.

The store is in PostgreSQL, the Token CA's key in SoftHSM, nginx stands before the status node.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
)

from fixtures.backup import answered as commanded
from installed.hsm_moved import move_key
from installed.practice import STATUS_METRICS, Practice
from installed.program import Running, fetched, until
from made.backups import write_recipient
from pki.keys.pkcs11 import loaded
from secrecy.sought import Sought, family, may_leave_a_core, written, written_day, written_key
from secrecy.used import BORN, PERSON, House, used
from server.initialise import ADMINISTRATOR
from strangers.collector import collector
from strangers.ports import free_port
from strangers.postgres_killed import Killable, killable, moved
from strangers.softhsm import SoftHsm

CARD_NUMBER = f"CARD-{PERSON.label.upper()}".encode()
CONTROL = "the card's number"
"""No secret: it is looked for with them, and found."""

HSM_PIN = b"pin-of-the-hsm-7Qx4"
PASSWORDS = {
    "password of the database": b"database-word-5kWz",
    "password of the mail server": b"mail-word-8tRn",
    "password of the bucket": b"bucket-word-3mJv",
}
SECTIONS = """
[tracing]
endpoint = "{collector}"

[crl_bucket]
bucket = "zorgid-crl"
endpoint = "http://127.0.0.1:9"
credentials_file = "secrets/bucket"

[notices.smtp]
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "noreply@zorg.example"
user = "zorgid"
password_file = "secrets/smtp-password"
"""


def lived(practice: Practice, folder: Path) -> House:
    """The whole life of such a house."""
    house = House(practice=practice, folder=folder)
    with ExitStack() as stack:
        cluster = stack.enter_context(killable())
        _furnish(house, cluster, stack)
        bodies: list[bytes] = []
        address, mail = stack.enter_context(collector(bodies)), free_port()
        with practice.config.open("a", encoding="utf-8") as file:
            file.write(SECTIONS.format(collector=address, mail=mail))
        processes = _started(practice, stack)
        asyncio.run(used(house, mail))
        _listened(house)
        _looked_into(house, processes)
        for each in processes.values():
            each.stop()
        house.say("spans", b"\n".join(bodies))
        cluster.kill()
        known = house.secrets | {CONTROL: list(written(CARD_NUMBER))}
        house.kept = set().union(*Sought.of(known).in_files(cluster.folder).values())
    return house


def _furnish(house: House, cluster: Killable, stack: ExitStack) -> None:
    """Give it a database, an HSM, passwords and a Mobiel CA; know each secret there is."""
    practice, folder = house.practice, house.folder
    practice.add_mobiel_ca()
    practice.change(('mode = "off"', 'mode = "private"'))
    _know_keys(house)
    hsm = SoftHsm.make(folder.parent / "hsm", HSM_PIN)
    move_key(practice, hsm, folder)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("SOFTHSM2_CONF", str(hsm.config))
    # A module that is loaded here has these tokens for ever: tests after this have their own.
    patch.setattr(loaded, "_MODULES", {})
    _put(practice, "smtp-password", PASSWORDS["password of the mail server"])
    secret = PASSWORDS["password of the bucket"]
    named = b"[default]\naws_access_key_id = id\naws_secret_access_key = " + secret + b"\n"
    _put(practice, "bucket", named)
    plain = cluster.url(cluster.create())
    moved(practice.layout.store, plain)
    practice.layout.store.unlink()
    word = PASSWORDS["password of the database"].decode()
    url = plain.replace("postgres@", f"postgres:{word}@")
    practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
    for name, octets in PASSWORDS.items():
        house.know(name, octets)
    for name in ("passphrase", "sealing.key", "pass-digest-salt", "hsm-pin"):
        house.know(name, practice.layout.secret(name).read_bytes().strip())
    house.know("passphrase of the root", practice.layout.secret("root-passphrase").read_bytes())
    house.secrets["birth date"] = list(written_day(BORN.value))


def _know_keys(house: House) -> None:
    """Each key of ours, and those of operators, who are never asked for them."""
    layout = house.practice.layout
    for path in sorted(layout.root.glob("keys/*.pem")):
        own = layout.secret("root-passphrase" if path.stem == "root" else "passphrase")
        key = load_pem_private_key(path.read_bytes(), own.read_bytes().strip())
        house.secrets[f"key {path.stem}"] = list(written_key(key))
    operator = load_pem_private_key(layout.operator(ADMINISTRATOR)[1].read_bytes(), None)
    house.secrets["key of an operator"] = list(written_key(operator))


def _put(practice: Practice, name: str, octets: bytes) -> None:
    path = practice.layout.secret(name)
    path.touch(0o600)
    path.write_bytes(octets)


def _started(practice: Practice, stack: ExitStack) -> Mapping[str, Running]:
    """Each role in a process of its own; the status node has two workers besides."""
    node, publishing = practice.ports.base + STATUS_METRICS, free_port()
    publisher = practice.config.with_name("publisher.toml")
    text = practice.config.read_text("utf-8")
    publisher.write_text(text.replace(f":{practice.metrics_port}", f":{publishing}"), "utf-8")
    node_config = practice.status_config()
    for each in (publisher, node_config):
        each.chmod(0o600)
    words = ("serve", "--role", "status", "--workers", "2", "--config")
    status = stack.enter_context(practice.spawn(*words, str(node_config)))
    issuance = stack.enter_context(practice.serving("issuance"))
    other = practice.serving("publisher", config=publisher, metrics_port=publishing)
    running = {"issuance": issuance, "status": status, "publisher": stack.enter_context(other)}
    status.until_ready(node)
    return running


def _listened(house: House) -> None:
    """Have everything said that the program says on being asked."""
    practice, config = house.practice, str(house.practice.config)
    for page in ("metrics", "readyz"):
        house.say(page, fetched(f"http://127.0.0.1:{practice.metrics_port}/{page}"))
    for name, words in {
        "doctor": ("doctor", "-c", config),
        "doctor.json": ("doctor", "--json", "-c", config),
        "top": ("top", "--once", "-c", config),
        "export": ("journal", "export", str(house.out / "audit.jsonl"), "-c", config),
        "journal": ("journal", "verify", "--json", "-c", config),
        "sinks": ("crl", "sinks", "--json", "-c", config),
    }.items():
        told = commanded(*words)
        house.say(name, told.stdout + told.stderr)
    certificate, _ = write_recipient(house.folder.parent, "first")
    words = ("backup", str(house.out / "backup.cms"), "--to", str(certificate), "-c", config)
    told = commanded(*words, "--json")
    assert json.loads(told.stdout)["ok"], told
    house.say("backup", told.stdout + told.stderr)


def _looked_into(house: House, processes: Mapping[str, Running]) -> None:
    house.know("password of the directory", _directory_word(house.practice))
    sought = house.sought
    for role, running in processes.items():
        for number, pid in enumerate(family(running.process.pid)):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            name = f"{role}, {_called(words)} {number}"
            house.shown[name] = sought.shown_by(pid)
            if os.geteuid() == 0:
                house.held[name] = sought.in_memory(pid)
            if may_leave_a_core(pid):
                house.cores.append(name)


def _called(words: bytes) -> str:
    """What a process is, by its command line."""
    known: Iterable[tuple[bytes, str]] = (
        (b"pki.keys.pkcs11.child", "module"),
        (b"server.workers.main", "worker"),
        (b"slapd", "slapd"),
    )
    return next((name for part, name in known if part in words), "server")


def _directory_word(practice: Practice) -> bytes:
    place = practice.layout.root / "ldap" / "publisher.secret"
    until(place.exists, "the directory has its password")
    return place.read_bytes()
