"""Views held against the store: each kind of disagreement is planted, and found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from pki.domain.errors import SignatureBroken, Unavailable, ZorgidError
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.reasons import RevocationReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.observe.ldap import LdapView as Entry
from pki.observe.ocsp import OcspView as Answer
from pki.observe.views.expected import Disagreement, Expected, Unseen, expected_of, said
from pki.observe.views.looking import LdapView, OcspView
from pki.observe.views.verifier import Verifier, stranger

AT = datetime(2026, 11, 22, 12, 0, 0, 654321, tzinfo=UTC)
WHOLE = AT.replace(microsecond=0)
ISSUER = IssuerId("token-ca-g1")
LAG = timedelta(seconds=10)
HELD, COMPROMISED = OnHold(since=AT), Revoked(at=AT, reason=RevocationReason.KEY_COMPROMISE)
CERTIFICATE = b"the certificate"


def expected(number: int, status: CertificateStatus | None = HELD) -> Expected:
    return Expected(
        issuer=ISSUER, serial=SerialNumber(number), status=status, since=AT, public=CERTIFICATE
    )


@dataclass
class Clock:
    at: datetime = AT + timedelta(minutes=1)

    def now(self) -> datetime:
        return self.at


@dataclass
class Facts:
    known: list[Expected]
    changed: set[SerialNumber] = field(default_factory=set)

    async def sample(self) -> Sequence[Expected]:
        return self.known

    async def still(self, expected: Sequence[Expected]) -> Sequence[Expected]:
        return [each for each in expected if each.serial not in self.changed]


@dataclass
class Shown:
    """A view that shows these otherwise, look after look."""

    looks: list[dict[int, str]]
    name: str = "crl"
    lag: timedelta = LAG
    asked: list[set[int]] = field(default_factory=list)
    fails: ZorgidError | None = None

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        if self.fails is not None:
            raise self.fails
        self.asked.append({each.serial.value for each in expected})
        shown = self.looks[len(self.asked) - 1]
        return {
            each.serial: shown[each.serial.value] for each in expected if each.serial.value in shown
        }


def verifier(facts: Facts, *views: Shown, clock: Clock | None = None) -> Verifier:
    return Verifier(facts, views, clock=clock or Clock(), settle_seconds=0)


async def test_what_is_shown_otherwise_twice_is_a_finding() -> None:
    view = Shown(looks=[{2: "good"}, {2: "good"}])
    found = await verifier(Facts([expected(1), expected(2)]), view).round()
    assert found.disagreements == (
        Disagreement(
            view="crl",
            issuer=ISSUER,
            serial=SerialNumber(2),
            expected="on hold since 2026-11-22T12:00:00.000000Z",
            seen="good",
        ),
    )
    assert (found.examined, found.views, found.count("crl")) == (2, ("crl",), 1)
    assert view.asked == [{1, 2}, {2}]


async def test_what_comes_right_or_changes_meanwhile_is_none() -> None:
    late = Shown(looks=[{1: "good", 2: "good"}, {2: "good"}])
    facts = Facts([expected(1), expected(2)], changed={SerialNumber(2)})
    assert (await verifier(facts, late).round()).disagreements == ()


async def test_nothing_is_asked_before_its_delay_is_over() -> None:
    view = Shown(looks=[{}, {1: "good"}, {1: "good"}])
    clock = Clock(at=AT + LAG - timedelta(microseconds=1))
    checking = verifier(Facts([expected(1)]), view, clock=clock)
    await checking.round()
    clock.at = AT + LAG
    assert len((await checking.round()).disagreements) == 1
    assert view.asked == [set(), {1}, {1}]


@pytest.mark.parametrize("error", [Unavailable(message="gone"), SignatureBroken(message="forged")])
async def test_a_view_that_cannot_be_believed_does_not_hide_the_others(error: ZorgidError) -> None:
    gone = Shown(looks=[], name="ldap", fails=error)
    wrong = Shown(looks=[{1: "good"}, {1: "good"}])
    found = await verifier(Facts([expected(1)]), gone, wrong).round()
    assert found.unseen == (Unseen(view="ldap", why=error.message),)
    assert [each.view for each in found.disagreements] == ["crl"]


@dataclass
class Responder:
    status: Good | OnHold | Revoked | None
    has_nonce: bool = True

    async def ask(
        self, serial: SerialNumber, *, get: bool = False, with_nonce: bool = True
    ) -> Answer:
        assert get is not with_nonce
        return Answer(
            status=self.status,
            this_update=WHOLE,
            next_update=None,
            produced_at=WHOLE,
            has_nonce=self.has_nonce and with_nonce,
            responder_sha256=bytes(32),
            responder_not_after=WHOLE + timedelta(days=30),
        )


@pytest.mark.parametrize("nonce", [True, False])
@pytest.mark.parametrize(
    ("status", "shown", "wrong"),
    [
        (HELD, OnHold(since=WHOLE), None),
        (Unconfirmed(since=AT), OnHold(since=WHOLE), None),
        (HELD, Good(), "good"),
        (HELD, None, "never issued"),
        (Good(), OnHold(since=WHOLE), "on hold since 2026-11-22T12:00:00.000000Z"),
        (COMPROMISED, Revoked(at=WHOLE, reason=RevocationReason.KEY_COMPROMISE), None),
        (
            COMPROMISED,
            Revoked(at=WHOLE, reason=None),
            "revoked 2026-11-22T12:00:00.000000Z, no reason",
        ),
        (
            COMPROMISED,
            Revoked(at=WHOLE + LAG, reason=RevocationReason.KEY_COMPROMISE),
            "revoked 2026-11-22T12:00:10.000000Z, key_compromise",
        ),
        (None, None, None),
        (None, Good(), "good"),
    ],
)
async def test_what_ocsp_says_is_compared(
    status: CertificateStatus | None,
    shown: Good | OnHold | Revoked | None,
    wrong: str | None,
    nonce: bool,
) -> None:
    observers = {ISSUER: Responder(shown)}
    view = OcspView(observers, nonce=nonce, lag=LAG)  # type: ignore[arg-type] # a stand-in
    found = await view.wrong([expected(1, status)])
    assert found == ({} if wrong is None else {SerialNumber(1): wrong})


async def test_an_answer_without_the_nonce_is_wrong_and_an_ended_ca_is_not_asked() -> None:
    observers = {ISSUER: Responder(OnHold(since=WHOLE), has_nonce=False)}
    view = OcspView(observers, nonce=True, lag=LAG)  # type: ignore[arg-type] # a stand-in
    ended = replace(expected(2), issuer=IssuerId("token-ca-g0"))
    found = await view.wrong([expected(1), ended])
    assert found == {SerialNumber(1): "an answer without the nonce"}


@dataclass
class Directory:
    entries: tuple[Entry, ...]

    async def by_issuer_and_serial(self, issuer: bytes, serial: SerialNumber) -> tuple[Entry, ...]:
        return self.entries


@pytest.mark.parametrize(
    ("public", "certificates", "wrong"),
    [
        (CERTIFICATE, (CERTIFICATE,), None),
        (CERTIFICATE, (), "not shown"),
        (CERTIFICATE, (b"another",), "another certificate"),
        (None, (), None),
        (None, (CERTIFICATE,), "shown"),
    ],
)
async def test_what_a_directory_shows_is_compared(
    public: bytes | None, certificates: tuple[bytes, ...], wrong: str | None
) -> None:
    entries = (Entry(dn="uid=1", certificates=certificates),) if certificates else ()
    directory = Directory(entries)
    view = LdapView("noord", directory, {ISSUER: b""}, lag=LAG)  # type: ignore[arg-type] # a stand-in
    found = await view.wrong([replace(expected(1), public=public)])
    assert found == ({} if wrong is None else {SerialNumber(1): wrong})
    assert view.name == "ldap:noord"


def past(*statuses: CertificateStatus) -> list[StatusInterval]:
    return [
        StatusInterval(
            serial=SerialNumber(1),
            issuer=ISSUER,
            status=status,
            since=AT + number * LAG,
            until=None,
            actor=SYSTEM,
            position=number,
        )
        for number, status in enumerate(statuses)
    ]


@pytest.mark.parametrize(
    ("statuses", "shows"),
    [
        ((Unconfirmed(since=AT),), False),
        ((Unconfirmed(since=AT), COMPROMISED), False),
        ((Unconfirmed(since=AT), Good()), True),
        ((Unconfirmed(since=AT), Good(), HELD, COMPROMISED), True),
    ],
)
def test_a_directory_shows_what_once_was_confirmed(
    statuses: tuple[CertificateStatus, ...], shows: bool
) -> None:
    found = expected_of(past(*statuses), CERTIFICATE)
    assert found.public == (CERTIFICATE if shows else None)
    assert (found.status, found.since) == (statuses[-1], AT + (len(statuses) - 1) * LAG)


def test_a_stranger_has_the_length_of_ours() -> None:
    assert len(stranger(bytes(16)).to_bytes().lstrip(b"\0")) == 20
    assert stranger(b"\xff" * 16).value < 1 << 159
    assert said(Good()) == "good"
