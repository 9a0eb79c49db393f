"""The server is killed at every step of redeeming an invitation, and started again."""

import signal
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from installed.nursery import Nursery
from installed.practice import Practice
from pki.api.errors import ServiceUnreachable
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.wire import OperatorPerson
from pki.domain.identifiers import UziNumber
from server.initialise import ADMINISTRATOR
from stores.books import Ledger

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

FLOW = ("transaction", "signature", "transaction")
"""The intent, its bytes, and the certificate with the identity."""
POINTS = [(number, moment) for number in range(1, len(FLOW) + 1) for moment in ("before", "after")]


@pytest.fixture(scope="module")
def practice(module_practice: Practice) -> Practice:
    module_practice.add_mobiel_ca()
    return module_practice


async def invitation(practice: Practice, number: int) -> str:
    whom = OperatorPerson(
        uzi_number=UziNumber(f"{900_060_000 + number}"),
        surname="Jansen",
        given_names="",
        common_name="A. Jansen",
    )
    async with practice.client(ADMINISTRATOR) as client:
        return (await client.invite_mobiel(InviteRequest(person=whom))).code


def request(code: str) -> RedeemMobielRequest:
    """With the PKCS #10 of a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    return RedeemMobielRequest(code=code, pkcs10=made.public_bytes(Encoding.DER))


@pytest.mark.parametrize(("number", "moment"), POINTS)
async def test_redeeming_survives_it(
    practice: Practice, nursery: Nursery, number: int, moment: str
) -> None:
    ledger = Ledger(practice)
    with nursery.serving(practice):
        asked = request(await invitation(practice, POINTS.index((number, moment))))
    with nursery.serving(practice, {"number": number, "moment": moment}):
        async with practice.client() as telephone:
            with pytest.raises(ServiceUnreachable):
                await telephone.redeem_mobiel(asked)
    assert nursery.code == -signal.SIGKILL

    with nursery.serving(practice):
        async with practice.client() as telephone:
            redeemed = await telephone.redeem_mobiel(asked)
        asking = partial(practice.openssl_ocsp, issuer="mobiel-ca-g1")
        statuses = {each: asking(each) for each in ledger.serials("mobiel.intended")}
    serial = x509.load_der_x509_certificate(redeemed.certificate).serial_number
    assert statuses.pop(f"{serial:040x}") == "good"
    assert set(statuses.values()) <= {"revoked"}
    unseen = (
        POINTS.index((1, "after")) <= POINTS.index((number, moment)) <= POINTS.index((3, "before"))
    )
    assert len(statuses) == (1 if unseen else 0)
    assert len(ledger.serials("mobiel.registered")) == 1


async def test_the_flow_does_what_is_counted_here(practice: Practice, nursery: Nursery) -> None:
    record = practice.layout.root / "redeemed"
    with nursery.serving(practice):
        asked = request(await invitation(practice, len(POINTS)))
    with nursery.serving(practice, {"record": str(record)}):
        async with practice.client() as telephone:
            await telephone.redeem_mobiel(asked)
    assert tuple(record.read_text().split()) == FLOW
