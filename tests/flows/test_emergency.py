"""Thousands of cards and telephones revoked at once: ordered by two, killed half-way, and seen.

Two thousand in a test run; with ``ZORGID_FAULTS=all`` ten thousand, as ``bench/revoke.py`` has.
"""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from emergencies.drill import Drill
from emergencies.rehearsal import HELD, fill, fill_telephones, second_person, serial, signed
from installed.practice import Practice, copied
from installed.program import fetched, until
from pki.domain.people import Role
from server.commands.journal import verify
from server.initialise import ADMINISTRATOR, TEAM

pytestmark = [pytest.mark.slow, pytest.mark.openssl]

COUNT = 10_000 if os.environ.get("ZORGID_FAULTS") == "all" else 2_000
HELD_BEFORE = range(0, COUNT, 200)
STRANGER = serial(COUNT + 1)
TELEPHONES = range(2 * COUNT, 2 * COUNT + 100)
ALL = COUNT + len(TELEPHONES)


@pytest.fixture(scope="module")
def drill(module_practice: Practice) -> Drill:
    """A list of all, by serials and ids; two lines say what another says, one means nobody."""
    practice = module_practice
    practice.add_mobiel_ca()
    serials = [each.hex for each in fill(practice.layout.store, COUNT, HELD_BEFORE)]
    serials += [f"mobiel:{each}" for each in fill_telephones(practice.layout.store, TELEPHONES)]
    second_person(practice.layout)
    random.Random(5).shuffle(serials)
    serials.remove(serial(17).hex)
    path = practice.layout.root / "serials.csv"
    twice = [serial(3).hex, serial(9).hex.upper()]
    path.write_text("\n".join(["serial", *serials, "card:DRILL-000017", *twice, STRANGER.hex]))
    return Drill(practice, path)


def revoked(practice: Practice) -> int:
    either = "SELECT serial FROM cards WHERE state = :over UNION ALL SELECT serial FROM mobiel"
    with closing(sqlite3.connect(practice.layout.store)) as store:
        query = f"SELECT count(*) FROM ({either} WHERE state = :over)"  # noqa: S608 -- constants
        [[count]] = store.execute(query, {"over": "ingetrokken"})
    return int(count)


def crl(practice: Practice, name: str) -> dict[int, x509.RevokedCertificate]:
    octets = fetched(f"{practice.base_url}/crl/{name}.crl")
    return {each.serial_number: each for each in x509.load_der_x509_crl(octets)}


def test_thousands_of_cards_are_revoked(drill: Drill) -> None:
    practice = drill.practice
    with practice.serving():
        lines = practice.layout.root / "lines.csv"
        code, told = drill.run(dry_run=True, lines=lines)
        assert code == 1, "a serial of nobody is a finding"
        assert (told["listed"], told["counts"]["revoke"]) == (ALL + 1, ALL)
        assert told["kinds"] == {"revoke": {"card": COUNT, "telephone": len(TELEPHONES)}}
        assert told["serials"]["unknown"] == [STRANGER.hex]
        assert [each["line"] for each in told["doubled"]] == [ALL + 2, ALL + 3]
        require_each_line(lines.read_text("utf-8").splitlines())
        approvals = drill.by_two()
        assert revoked(practice) == 0

        options = [word for file in approvals for word in ("--approval", str(file))]
        with practice.spawn(*drill.words(*options), "--config", str(practice.config)) as running:
            until(lambda: revoked(practice) > 0, "it has begun", lambda: running.log)
            running.kill()
        half = revoked(practice)
        assert 0 < half < ALL
        assert half % 200 in {0, 199}, "whole batches, one of which holds the stranger"

        code, told = drill.run(*approvals)
        assert (code, told["counts"]["revoke"]) == (1, ALL - half)
        assert told["counts"]["revoked"] == half
        assert revoked(practice) == ALL
        assert told["crl_seconds"] is not None

        require_seen(practice)

        code, told = drill.run(*approvals)
        assert (code, told["counts"]["revoke"], told["counts"]["revoked"]) == (1, 0, ALL)
    assert verify(practice.config, None).code == 0
    assert recorded(practice, "revocation.ordered") == 1
    assert recorded(practice, "mobiel.ended") == len(TELEPHONES)
    assert recorded(practice, "mobiel.invitation_withdrawn") == 1


def require_seen(practice: Practice) -> None:
    """All of it is revoked, as strangers look."""
    listed = crl(practice, "zorg-id-token-ca")
    assert {serial(number).value for number in range(COUNT)} <= set(listed)
    assert {serial(each).value for each in TELEPHONES} <= set(crl(practice, "zorg-id-mobiel-ca"))
    reason = listed[serial(1).value].extensions.get_extension_for_class(x509.CRLReason)
    assert reason.value.reason is x509.ReasonFlags.key_compromise
    assert listed[serial(0).value].revocation_date_utc == HELD
    for number in random.Random(6).sample(range(COUNT), 5):
        assert practice.openssl_ocsp(serial(number).hex) == "revoked"
    of_telephone = practice.openssl_ocsp(serial(TELEPHONES[7]).hex, issuer="mobiel-ca-g1")
    assert of_telephone == "revoked"


def require_each_line(told: list[str]) -> None:
    """What each line means, and what becomes of it."""
    assert told[0] == "line,said,serial,kind,becomes"
    assert len(told) == 1 + ALL + 3
    of_card = f"{ALL + 1},card:DRILL-000017,{serial(17)},card,to be revoked"
    of_stranger = f"{ALL + 4},{STRANGER},{STRANGER},,unknown"
    assert {of_card, of_stranger} <= set(told)
    assert sum(",telephone,to be revoked" in each for each in told) == len(TELEPHONES)


def recorded(practice: Practice, kind: str) -> int:
    with closing(sqlite3.connect(practice.layout.store)) as store:
        [[count]] = store.execute("SELECT count(*) FROM journal WHERE kind = ?", (kind,))
    return int(count)


@pytest.fixture(scope="module")
def small(made_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """Three cards; nothing serves."""
    practice = copied(made_practice, tmp_path_factory.mktemp("small") / "installation")
    serials = fill(practice.layout.store, 3)
    second_person(practice.layout)
    second_person(practice.layout, Role.BEHEERDER, name="beheerder")
    path = practice.layout.root / "serials.csv"
    path.write_text("\n".join(each.hex for each in serials), "utf-8")
    return Drill(practice, path)


@pytest.mark.parametrize(
    ("who", "kind", "says"),
    [
        ((), "conflict", "approval of two people"),
        ((TEAM,), "forbidden", "fewer than two people"),
        ((TEAM, TEAM), "forbidden", "fewer than two people"),
        ((TEAM, ADMINISTRATOR), "forbidden", "may not revoke many"),
        ((TEAM, "beheerder"), "forbidden", "may not revoke many"),
    ],
)
def test_it_takes_two_of_the_team(small: Drill, who: tuple[str, ...], kind: str, says: str) -> None:
    code, error = small.run(*small.approved(*who))
    assert (code, error["type"]) == (1, kind)
    assert says in error["message"]
    assert revoked(small.practice) == 0


@pytest.mark.parametrize(
    "padding",
    [(), ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest")],
    ids=["rsaEncryption", "pss"],
)
def test_somebody_with_an_rsa_key_approves(small: Drill, padding: tuple[str, ...]) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = second_person(small.practice.layout, name=f"rsa-{len(padding)}", key=key)
    stranger = Drill(small.practice, small.list.with_name(f"strangers{len(padding)}.csv"))
    stranger.list.write_text(STRANGER.hex, "utf-8")
    [first] = stranger.approved(TEAM)
    second = signed(small.practice.layout, stranger.order, name, *padding)
    code, told = stranger.run(first, second)
    assert (code, told["counts"]["unknown"]) == (1, 1), "nothing was there to be revoked"


def test_an_approval_is_of_one_list_and_one_reason(small: Drill) -> None:
    approvals = small.by_two()
    other = Drill(small.practice, small.list.with_name("fewer.csv"))
    other.list.write_text(serial(0).hex, "utf-8")
    for changed in (other, Drill(small.practice, small.list, reason="superseded")):
        code, error = changed.run(*approvals)
        assert (code, error["type"]) == (1, "signature-broken")
        assert "another list" in error["message"]
    assert revoked(small.practice) == 0


def test_a_line_that_cannot_be_read_stops_it(small: Drill) -> None:
    spoilt = Drill(small.practice, small.list.with_name("spoilt.csv"))
    spoilt.list.write_text(f"{serial(0)}\n7.30751E+47\n", "utf-8")
    code, error = spoilt.run(order=spoilt.list.with_suffix(".json"))
    assert code == 2
    assert "1 lines name no certificate: 2" in error["message"]
    code, told = spoilt.run(dry_run=True)
    assert (code, told["unreadable_lines"]) == (1, [2])


def test_a_file_that_is_there_is_not_written_over(small: Drill) -> None:
    for option in ("order", "lines"):
        code, error = small.run(dry_run=option == "lines", **{option: small.list})
        assert (code, "exists already" in error["message"]) == (2, True)


def test_files_that_are_no_approvals(small: Drill, tmp_path: Path) -> None:
    [approval] = small.approved(TEAM)
    broken = tmp_path / "broken.p7s"
    octets = approval.read_bytes()
    broken.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    for file, kind in ((small.list, "malformed"), (broken, "signature-broken")):
        _, error = small.run(file, approval)
        assert error["type"] == kind
    assert small.run(tmp_path / "none")[0] == 2
    assert revoked(small.practice) == 0
