"""Each call of the client is a route, with its body, its answer and its headers."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from fakes.issuance import APOTHEEK, BIRTH_DATE, HUISARTS, RSA, Surroundings
from fakes.issuance_store import ISSUER
from fakes.notices import Book, notice_desk
from issuance.http.app import api_table
from issuance.http.table.route import Caller, Key, Route
from issuance.statement.make import Statements
from pki.api.base import Wire
from pki.api.client import IssuanceClient
from pki.api.linking import LinkRequest, UnlinkRequest
from pki.api.notices.bodies import ContactRequest
from pki.api.people.attributes import AttributeRequest, AttributeSearchRequest
from pki.api.people.logins import LoginAskedView
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.registration import (
    AppointmentRequest,
    BlockOperatorRequest,
    CloseRequest,
    FinishByDocumentRequest,
    FinishByPassRequest,
    MergeRequest,
    PreparationRequest,
    TakeUpRequest,
)
from pki.api.search import CardSearchRequest, OrganisationSearchRequest
from pki.api.transport import Answer, Read
from pki.api.wire import (
    BlockRequest,
    CardView,
    CertificateRequest,
    ConfirmationRequest,
    OperatorPerson,
    OperatorRequest,
    OrderRequest,
    OrganisationRequest,
    OrganisationView,
    ResponderRequest,
    RevokeRequest,
    SessionRequest,
)
from pki.domain.identifiers import (
    AppointmentId,
    AttributeId,
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    MobielId,
    NoticeId,
    OrganisationId,
    PersonId,
    SerialNumber,
    SessionId,
    UziNumber,
)
from pki.domain.people import OrganisationKind, OrganisationState, Role
from pki.domain.reasons import BlockReason, RevokeReason

CARD, KEY, SERIAL = CardId("ab" * 16), IdempotencyKey("k" * 16), SerialNumber(1 << 156)
CHALLENGE, PERSON = ChallengeId("cd" * 16), PersonId("ef" * 16)
APPOINTMENT = AppointmentId("0a" * 16)
ATTRIBUTE, NOTICE = AttributeId("0c" * 16), NoticeId("0b" * 16)
MOBIEL = MobielId("0d" * 16)
UZI_NUMBER, ORDER = UziNumber("900012345"), CardNumber("ZC-000001")
SEEN = CardView(
    card_id=CARD,
    state="actief",
    since=datetime(2026, 11, 22, tzinfo=UTC),
    ura=APOTHEEK,
    card_number=ORDER,
    serial=SERIAL,
    block_reason=None,
    revoke_reason=None,
    revoked_at=None,
    version="v",
)
ORGANISATION = OrganisationView(
    organisation_id=OrganisationId("1b" * 16),
    ura=APOTHEEK,
    name="n",
    state=OrganisationState.REGISTERED,
    kind=OrganisationKind.CARE_PROVIDER,
    version="v",
)
SESSION = SessionRequest(challenge_id=CHALLENGE, certificate=b"c", signature=b"s", algorithm=RSA)
BY_PASS = FinishByPassRequest(
    challenge_id=CHALLENGE, certificate=b"c", signature=b"s", algorithm=RSA
)
SOMEONE = OperatorPerson(uzi_number=UZI_NUMBER, surname="s", given_names="g", common_name="c")
LOGIN = LoginAskedView(
    login_id=SessionId("2b" * 16),
    code="A" * 26,
    qr="q",
    number="47",
    secret="s" * 43,
    expires_at=SEEN.since,
)
CONFIRMATION = ConfirmationRequest(challenge_id=CHALLENGE, signature=b"s", algorithm=RSA)

Call = Callable[[IssuanceClient], Awaitable[object]]
CALLS: dict[str, Call] = {
    "askChallenge": lambda client: client.challenge(),
    "openSession": lambda client: client.open_session(SESSION),
    "orderCard": lambda client: client.order_card(
        "t", KEY, OrderRequest(birth_date=BIRTH_DATE, card_number=ORDER, certificate=b"c")
    ),
    "certifyCard": lambda client: client.certify("t", CARD, CertificateRequest(pkcs10=b"p")),
    "confirmCard": lambda client: client.confirm("t", CARD, CONFIRMATION),
    "searchCards": lambda client: client.search(CardSearchRequest(uzi_number=UZI_NUMBER)),
    "readCard": lambda client: client.card(CARD),
    "readCertificate": lambda client: client.certificate(SERIAL),
    "readStatusAt": lambda client: client.status_at(
        SERIAL, SEEN.since, issuer=ISSUER, statement=True
    ),
    "blockCard": lambda client: client.block(
        CARD, BlockRequest(reason=BlockReason.LOSS), KEY, seen=SEEN
    ),
    "unblockCard": lambda client: client.unblock(CARD, KEY, seen=SEEN),
    "revokeCard": lambda client: client.revoke(
        CARD, RevokeRequest(reason=RevokeReason.DEFECT), KEY, seen=SEEN
    ),
    "linkCard": lambda client: client.link(LinkRequest(uzi_number=UZI_NUMBER), KEY),
    "readLinks": lambda client: client.links(CARD),
    "unlinkCard": lambda client: client.unlink(CARD, UnlinkRequest(), KEY),
    "readChange": lambda client: client.change(7),
    "registerOrganisation": lambda client: client.register_organisation(
        OrganisationRequest(ura=APOTHEEK, name="n"), KEY
    ),
    "prepareOrganisation": lambda client: client.prepare_organisation(
        PreparationRequest(ura=APOTHEEK, name="n", kind=OrganisationKind.CARE_PROVIDER), KEY
    ),
    "finishRegistrationByPass": lambda client: client.finish_by_pass(BY_PASS),
    "finishRegistrationByDocument": lambda client: client.finish_by_document(
        FinishByDocumentRequest(document=b"d")
    ),
    "closeOrganisation": lambda client: client.close_organisation(
        CloseRequest(ura=APOTHEEK), KEY, seen=ORGANISATION
    ),
    "mergeOrganisations": lambda client: client.merge_organisations(
        MergeRequest(ura=APOTHEEK, into=HUISARTS), KEY, seen=ORGANISATION
    ),
    "readOrganisation": lambda client: client.organisation(APOTHEEK),
    "searchOrganisations": lambda client: client.search_organisations(
        OrganisationSearchRequest(name="n")
    ),
    "appointOperator": lambda client: client.appoint(
        AppointmentRequest(role=Role.BEHEERDER, person=SOMEONE), KEY
    ),
    "takeUpAppointment": lambda client: client.take_up(TakeUpRequest(code="A" * 26)),
    "withdrawAppointment": lambda client: client.withdraw(APPOINTMENT, KEY),
    "listOperators": lambda client: client.operators(APOTHEEK),
    "blockOperator": lambda client: client.block_operator(
        PERSON, BlockOperatorRequest(reason=BlockReason.LOSS), KEY
    ),
    "unblockOperator": lambda client: client.unblock_operator(PERSON, APOTHEEK, KEY),
    "registerOperator": lambda client: client.register_operator(
        OperatorRequest(role=Role.BEHEERDER, ura=APOTHEEK, certificate=b"c"), KEY
    ),
    "takeBackOperator": lambda client: client.take_back_operator(PERSON, KEY),
    "giveAttribute": lambda client: client.give_attribute(
        AttributeRequest(uzi_number=UZI_NUMBER, type="zorgtaak", task_code="01.015"), KEY
    ),
    "searchAttributes": lambda client: client.attributes(
        AttributeSearchRequest(uzi_number=UZI_NUMBER)
    ),
    "withdrawAttribute": lambda client: client.withdraw_attribute(ATTRIBUTE, KEY),
    "inviteMobiel": lambda client: client.invite_mobiel(InviteRequest(person=SOMEONE), KEY),
    "withdrawInvitation": lambda client: client.withdraw_invitation(MOBIEL, KEY),
    "inviteMobielAgain": lambda client: client.invite_mobiel_again(MOBIEL, KEY),
    "redeemMobiel": lambda client: client.redeem_mobiel(
        RedeemMobielRequest(code="A" * 26, pkcs10=b"p")
    ),
    "listMobiel": lambda client: client.mobiel(APOTHEEK),
    "blockMobiel": lambda client: client.block_mobiel(MOBIEL, BlockReason.LOSS, KEY),
    "unblockMobiel": lambda client: client.unblock_mobiel(MOBIEL, KEY),
    "endMobiel": lambda client: client.end_mobiel(MOBIEL, RevokeReason.LOSS_OR_THEFT, KEY),
    "askLogin": lambda client: client.ask_login(),
    "collectLogin": lambda client: client.collect_login(LOGIN),
    "endLogin": lambda client: client.end_login("login.t"),
    "readLogin": lambda client: client.login("A" * 26),
    "approveLogin": lambda client: client.approve_login("A" * 26, "47"),
    "refuseLogin": lambda client: client.refuse_login("A" * 26),
    "listNotices": lambda client: client.notices(APOTHEEK, cursor=NOTICE, limit=10),
    "acknowledgeNotice": lambda client: client.acknowledge_notice(NOTICE),
    "readContact": lambda client: client.contact(APOTHEEK),
    "setContact": lambda client: client.set_contact(APOTHEEK, ContactRequest(email=None)),
    "makeCalendar": lambda client: client.make_calendar(APOTHEEK),
    "withdrawCalendar": lambda client: client.withdraw_calendar(APOTHEEK),
    "readCalendar": lambda client: client.calendar("c" * 43),
    "certifyResponder": lambda client: client.certify_responder(
        ResponderRequest(issuer=ISSUER, pkcs10=b"p")
    ),
    "readProblems": lambda client: client.problems(),
    "readOpenApi": lambda client: client.openapi(),
}


class Sent(Exception):
    """Nothing is sent: it was seen what would be."""


@dataclass
class Seen:
    method: str = ""
    path: str = ""
    body: type[Wire] | None = None
    answer: type[Wire] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Recording(IssuanceClient):
    def __init__(self) -> None:
        super().__init__("https://127.0.0.1:1")
        self.seen = Seen()

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        body: Wire | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        kind = None if body is None else type(body)
        self.seen = Seen(method, path, kind, answer, headers or {})
        raise Sent

    async def _exchange(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], Read],
        *,
        body: Wire | None = None,
        headers: dict[str, str] | None = None,
    ) -> Read:
        del read
        kind = None if body is None else type(body)
        self.seen = Seen(method, path, kind, None, headers or {})
        raise Sent


def table() -> list[Route]:
    around = Surroundings()
    past = Statements(reader=around.store, evidence=None, clock=around.clock)  # type: ignore[arg-type] # never read here
    return list(api_table(around.desk, lambda request: None, past, notice_desk(around, Book())))


ROUTES = table()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
async def test_the_call_of_each_route(route: Route) -> None:
    async with Recording() as client:
        with pytest.raises(Sent):
            await CALLS[route.operation](client)
        seen = client.seen
    pattern = re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(route.path))
    path, _, query = seen.path.partition("?")
    assert seen.method == route.method
    assert re.fullmatch(pattern, path)
    assert ("Authorization" in seen.headers) is (route.caller in {Caller.HOLDER, Caller.LOGIN})
    assert (seen.body, seen.answer) == (route.body, route.answer)
    asked = {each.partition("=")[0] for each in query.split("&") if each}
    assert asked == {each.name for each in route.query}
    assert ("Idempotency-Key" in seen.headers) is (route.key is not Key.NONE)
    assert ("If-Match" in seen.headers) is (route.versioned and route.method != "GET")


def test_there_is_a_call_of_each_route_and_no_other() -> None:
    assert set(CALLS) == {each.operation for each in ROUTES}
