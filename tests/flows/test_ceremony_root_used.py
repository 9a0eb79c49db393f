"""With a root that exists: its shares, what it is asked to sign, and its key's end."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ceremonies.table import HOLDERS, Answer, Killed, Table, der_sha256, key_parts
from fixtures.ceremony import ROOT_CRL_PARTS, ROOT_FOLDER, Held, Room, room_in
from fixtures.signers import signer
from pki.api.fields import from_pem, to_pem
from pki.der.certificate import read_certificate
from pki.der.pkcs10 import read_pkcs10
from pki.der.signed import assemble
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, IntegrityBroken, KeyMismatch, KeyRejected
from server.ceremony.commands import check, verify

SERVICES = key_parts("services-ca")
FOLDER = "TEST-services"


def _next_table(room: Room) -> Room:
    """Another table in the same room, with the same witnesses and papers of its own."""
    return Room(folder=room.folder, table=Table(room.folder), witnesses=room.witnesses)


@pytest.fixture
def beside(held: Held, tmp_path: Path) -> Room:
    """A room of its own with the root's folder and the Token CA's request."""
    for name in (ROOT_FOLDER, "TEST-token-key"):
        shutil.copytree(held.room.folder / name, tmp_path / name)
    room = room_in(tmp_path)
    room.table.shares = dict(held.room.table.shares)
    return room


def _crl_plan(room: Room, held: Held, *, number: int = 2, extra: str = "", cut: str = "") -> Path:
    previous = room.folder / ROOT_FOLDER / "TEST-root.crl"
    parts = f"""{held.under_root()}
[crl]
name = "root"
number = {number}
days = 90
previous = "{ROOT_FOLDER}/TEST-root.crl"
previous_sha256 = "{cut or hashlib.sha256(previous.read_bytes()).hexdigest()}"
{extra}
"""
    return room.plan("crl", parts, kind="crl")


def test_wrong_shares_are_told_apart_and_the_right_ones_sign(beside: Room, held: Held) -> None:
    right = {name: dict(words) for name, words in beside.table.shares.items()}
    mistakes = iter(
        [
            {**right[HOLDERS[0]], "7": "zorgidee"},
            {**right[HOLDERS[0]], "12": _another(right[HOLDERS[0]]["12"])},
            right[HOLDERS[1]],
            {str(place): right[HOLDERS[0]][str(place)] for place in range(1, 21)},
        ]
    )

    def typed(table: Table, match: re.Match[str]) -> str:
        if match[1] != "1":
            return ""
        words = next(mistakes, None) or right[table.current]
        return " ".join(words[str(place)] for place in range(1, len(words) + 1))

    beside.table.replies = {r"from word (\d+): ": typed}
    entry = '[[crl.revoked]]\nserial = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"\n'
    entry += 'at = 2026-11-01T10:00:00Z\nreason = "SUPERSEDED"\n'
    plan = _crl_plan(beside, held, extra=entry)
    assert beside.table.hold_here(plan).code == 0
    said = beside.table.said
    assert "share of H. Een: word 7 is none of the list" in said
    assert "share of H. Een: its checksum does not hold; look at word 12" in said
    assert "share of H. Een: is the share of H. Twee" in said
    assert "share of H. Een: has 33 words, 20 were typed" in said
    assert next(mistakes, None) is None
    assert verify(plan, practice=False).code == 0
    following = _crl_plan(beside, held, number=1)
    with pytest.raises(ConfigurationInvalid):
        beside.table.hold_here(following)


def _another(word: str) -> str:
    return "academic" if word != "academic" else "acid"


def test_shares_of_another_key_and_too_few_sign_nothing(beside: Room, held: Held) -> None:
    other = _next_table(beside)
    other_plan = other.plan("services", SERVICES, kind="key")
    assert other.table.hold_here(other_plan).code == 0
    beside.table.shares = other.table.shares
    asked = iter(["1", "stop"])
    beside.table.replies = {r"Share \d of \d: number of ": _numbers(asked)}
    plan = _crl_plan(beside, held)
    assert beside.table.hold_here(plan).code == 1
    assert "belongs to another key or another ceremony" in beside.table.said
    assert not list((beside.folder / "TEST-crl").glob("*.crl"))
    beside.table.shares, asked = dict(held.room.table.shares), iter(["1", "stop"])
    beside.table.replies = {r"Share \d of \d: number of ": _numbers(asked)}
    assert beside.table.hold_here(plan).code == 1
    assert "Share 2 of 2" in beside.table.said
    assert not list((beside.folder / "TEST-crl").glob("*.crl"))


def _numbers(asked: Iterator[str]) -> Answer:
    def answer(table: Table, _match: re.Match[str]) -> str:
        table.current = HOLDERS[0]
        return next(asked)

    return answer


def test_an_older_or_unreviewed_predecessor_is_refused(beside: Room, held: Held) -> None:
    with pytest.raises(ConfigurationInvalid, match="not what was reviewed"):
        beside.table.hold_here(_crl_plan(beside, held, cut="00" * 32))
    shutil.rmtree(beside.folder / "TEST-crl")
    plan = _crl_plan(beside, held, number=1)
    with pytest.raises(ConfigurationInvalid, match=r"crl\.previous"):
        check(plan, practice=False)


def test_a_list_older_than_the_one_that_is_held_is_refused(beside: Room, held: Held) -> None:
    """Number 2 was held twice: the second one would take back what the first one says."""
    first = _crl_plan(beside, held)
    assert beside.table.hold_here(first).code == 0
    newest = beside.folder / "TEST-crl" / "TEST-root.crl"
    shutil.copy(newest, beside.folder / "newest.crl")
    text = first.read_text().replace(f"{ROOT_FOLDER}/TEST-root.crl", "newest.crl")
    old = hashlib.sha256((beside.folder / ROOT_FOLDER / "TEST-root.crl").read_bytes()).hexdigest()
    text = text.replace(old, hashlib.sha256(newest.read_bytes()).hexdigest())
    again = first.with_name("again.toml")
    again.write_text(text.replace('folder = "crl"', 'folder = "again"'))
    for refusing in (lambda path: check(path, practice=False), beside.table.hold_here):
        with pytest.raises(ConfigurationInvalid, match="the number does not grow"):
            refusing(again)
    assert not list((beside.folder / "TEST-again").glob("*.crl"))


def test_a_request_signed_by_another_key_is_refused(beside: Room, held: Held) -> None:
    request = beside.folder / "TEST-token-key" / "TEST-token-ca.p10.pem"
    der = from_pem(request.read_text(), "CERTIFICATE REQUEST")
    info = read_pkcs10(der).info_der
    other = signer(KeyType.RSA_3072, "root")
    forged = assemble(info, other.algorithm, asyncio.run(other.sign(info)))
    request.write_text(to_pem(forged, "CERTIFICATE REQUEST"))
    plan = beside.plan("token", _certificate_parts(beside, held), kind="certificate")
    with pytest.raises(KeyRejected):
        check(plan, practice=False)


def _certificate_parts(room: Room, held: Held) -> str:
    request = "TEST-token-key/TEST-token-ca.p10.pem"
    return f"""{held.under_root()}
[certificate]
name = "token-ca"
profile = "token-ca"
request = "{request}"
request_sha256 = "{der_sha256(room.folder / request)}"
"""


def test_a_next_generation_may_have_another_name(beside: Room, held: Held) -> None:
    plan = beside.plan("token", _certificate_parts(beside, held), kind="certificate")
    named = '[ca]\ntoken_ca_name = "ZORG-ID Token CA G2"'
    plan.write_text(plan.read_text().replace("[ca]", named))
    assert beside.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0
    made = beside.folder / "TEST-token" / "TEST-token-ca.pem"
    subject = read_certificate(from_pem(made.read_text())).subject
    assert subject.rdns[-1].text == "ZORG-ID Token CA G2"


@pytest.mark.parametrize("kind", ["crl", "certificate"])
def test_broken_off_now_and_then_it_is_signed_once(beside: Room, held: Held, kind: str) -> None:
    at, ended = 0, False
    while not ended:
        at += 4
        plan = _crl_plan(beside, held)
        if kind == "certificate":
            plan = beside.plan("crl", _certificate_parts(beside, held), kind=kind)
        ended = beside.table.hold_broken_off(plan, at)
        assert verify(plan, practice=False).code == 0
        shutil.rmtree(beside.folder / "TEST-crl")
    assert at > 12


def test_another_request_than_the_reviewed_one_is_refused(beside: Room, held: Held) -> None:
    other = _next_table(beside)
    assert other.table.hold_here(other.plan("services", SERVICES, kind="key")).code == 0
    reviewed = der_sha256(beside.folder / "TEST-token-key" / "TEST-token-ca.p10.pem")
    parts = f"""{held.under_root()}
[certificate]
name = "token-ca"
profile = "token-ca"
request = "{FOLDER}/TEST-services-ca.p10.pem"
request_sha256 = "{reviewed}"
"""
    with pytest.raises(ConfigurationInvalid, match="request_sha256"):
        check(beside.plan("token", parts, kind="certificate"), practice=False)


def test_a_key_file_of_another_ceremony_under_the_roots_name_is_refused(
    beside: Room, held: Held
) -> None:
    other = _next_table(beside)
    parts = key_parts("root", "rsa-3072") + ROOT_CRL_PARTS
    plan = other.plan("second", parts, kind="root")
    assert other.table.hold_here(plan).code == 0
    for ending in ("key.pem", "shares.json"):
        source = beside.folder / "TEST-second" / f"TEST-root.{ending}"
        shutil.copy(source, beside.folder / ROOT_FOLDER / f"TEST-root.{ending}")
    beside.table.shares = other.table.shares
    with pytest.raises(KeyMismatch):
        beside.table.hold_here(_crl_plan(beside, held))


def _destruction(room: Room, sha256: str) -> Path:
    parts = f"""[destroy]
name = "TEST-root"
folder = "{ROOT_FOLDER}"
sha256 = "{sha256}"
reason = "practised long enough"
"""
    return room.plan("end", parts, kind="key-destruction")


def test_only_the_reviewed_key_is_destroyed_and_others_stay(beside: Room) -> None:
    key = beside.folder / ROOT_FOLDER / "TEST-root.key.pem"
    with pytest.raises(IntegrityBroken, match="not the key file that the plan names"):
        beside.table.hold_here(_destruction(beside, "00" * 32))
    assert key.exists()
    shutil.rmtree(beside.folder / "TEST-end")
    before = {path.name for path in key.parent.iterdir()}
    plan = _destruction(beside, hashlib.sha256(key.read_bytes()).hexdigest())
    assert beside.table.hold_here(plan).code == 0
    assert before - {path.name for path in key.parent.iterdir()} == {key.name}
    assert verify(plan, practice=False).code == 0


def test_a_destruction_that_was_cut_off_is_finished(
    beside: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = beside.folder / ROOT_FOLDER / "TEST-root.key.pem"
    plan = _destruction(beside, hashlib.sha256(key.read_bytes()).hexdigest())
    unlink = Path.unlink

    def cut(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        if path.name == key.name:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", cut)
        with pytest.raises(Killed):
            beside.table.hold_here(plan)
    assert not key.exists()
    assert beside.table.hold_here(plan).code == 0
    assert verify(plan, practice=False).code == 0
