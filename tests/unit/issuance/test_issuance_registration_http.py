"""The routes of organisations and operators, over HTTP."""

import base64
import json

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate, fake_signature
from issuing.edge import Edge
from issuing.holder import NAME, Holder
from pki.api.challenge import challenge_message
from pki.api.fields import to_pem
from pki.api.registration import AppointedView, FinishedByPassView, OperatorsView
from pki.api.wire import ChallengeView
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.people import Role
from pki.domain.registration.records import KnownPerson, RegistrationDocument

TEAM = client_certificate(Role.ZORGID_TEAM, None)
PERSON = {
    "uzi_number": "900054321",
    "surname": "Jansen",
    "given_names": "A.",
    "common_name": "A. Jansen",
}


async def post(edge: Edge, path: str, **body: object) -> tuple[int, dict[str, object]]:
    status, answer, _ = await edge.call("POST", path, json.dumps(body))
    return status, answer


async def prepare(edge: Edge, kind: str = "huisartsenpost") -> None:
    edge.peer = TEAM
    status, answer = await post(edge, "/v1/registrations", ura="11112222", name="HAP", kind=kind)
    assert (status, answer["state"], answer["kind"]) == (201, "voorbereid", kind)


async def by_pass(edge: Edge, certificate: bytes) -> tuple[int, dict[str, object]]:
    _, asked = await post(edge, "/v1/challenges", purpose="finish-registration")
    challenge = ChallengeView.from_json(json.dumps(asked))
    message = challenge_message(
        challenge.purpose,
        audience="127.0.0.1",
        challenge_id=challenge.challenge_id,
        nonce=challenge.nonce,
    )
    signature = base64.b64encode(fake_signature(certificate, message)).decode()
    return await post(
        edge,
        "/v1/registrations/pass",
        challenge_id=str(challenge.challenge_id),
        certificate=to_pem(certificate),
        signature=signature,
        algorithm=SignatureAlgorithm.SHA256_RSA.value,
    )


async def test_from_preparation_to_the_first_beheerder(around: Surroundings, edge: Edge) -> None:
    await prepare(edge)
    edge.peer = None
    status, answer = await by_pass(edge, around.uzi_pass("900012345", Ura("11112222")))
    assert status == 200
    done = FinishedByPassView.from_json(json.dumps(answer))
    assert done.organisation.state.value == "geregistreerd"
    assert done.appointment.qr == f"ZORGID:1:{done.appointment.code}"
    edge.peer = b"administrator"
    status, answer = await post(edge, "/v1/appointments/take-up", code=done.appointment.code)
    assert (status, answer["role"]) == (201, "administrator")
    status, answer = await post(
        edge, "/v1/appointments", role="beheerder", person=PERSON, supplier="Leverancier B.V."
    )
    appointed = AppointedView.from_json(json.dumps(answer))
    assert (status, appointed.ura.value) == (201, "11112222")
    status, listed, _ = await edge.call("GET", "/v1/operators")
    operators = OperatorsView.from_json(json.dumps(listed))
    assert [each.inactive for each in operators.operators] == [False]
    (pending,) = operators.appointments
    assert (pending.appointment_id, pending.supplier) == (
        appointed.appointment_id,
        "Leverancier B.V.",
    )
    path = f"/v1/appointments/{appointed.appointment_id}"
    assert (await edge.call("DELETE", path))[0] == 200
    assert (await edge.call("DELETE", path))[0] == 404


async def test_a_beheerder_appoints_nobody_themself_included(
    around: Surroundings, edge: Edge
) -> None:
    around.operator(Role.BEHEERDER, APOTHEEK)
    edge.peer = client_certificate(Role.BEHEERDER, APOTHEEK)
    for ura in (None, APOTHEEK.value, HUISARTS.value):
        status, _ = await post(
            edge, "/v1/appointments", role="administrator", person=PERSON, ura=ura
        )
        assert status == 403
    assert (await edge.call("GET", "/v1/operators"))[0] == 403


async def test_an_operator_is_blocked_and_unblocked(around: Surroundings, edge: Edge) -> None:
    beheerder = around.operator(Role.BEHEERDER, APOTHEEK)
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    path = f"/v1/operators/{beheerder.id}"
    status, answer = await post(edge, f"{path}/block", reason="verlies")
    assert status == 200
    assert answer["operator"]["blocked_at"]  # type: ignore[index] # an object
    edge.peer = client_certificate(Role.BEHEERDER, APOTHEEK)
    status, _, _ = await edge.call("POST", "/v1/cards/search", '{"uzi_number": "900012345"}')
    assert status == 403
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    status, answer = await post(edge, f"{path}/block", reason="verlies")
    assert (status, answer["reason"]) == (409, "operator-state")
    assert (await post(edge, f"{path}/unblock"))[0] == 200
    edge.peer = TEAM
    assert (await post(edge, f"{path}/block", reason="verlies", ura=APOTHEEK.value))[0] == 200
    assert (await edge.call("GET", "/v1/operators"))[0] == 400
    assert (await edge.call("GET", f"/v1/operators?ura={APOTHEEK}"))[0] == 200


async def test_close_merge_and_again_under_one_key(
    around: Surroundings, edge: Edge, holder: Holder
) -> None:
    await holder.make()
    edge.peer = TEAM
    body = json.dumps({"ura": APOTHEEK.value, "into": HUISARTS.value})
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k" * 16}
    first = await edge.call("POST", "/v1/organisations/merge", body, headers)
    again = await edge.call("POST", "/v1/organisations/merge", body, headers)
    assert (first[0], again[0]) == (200, 200)
    assert first[1] == again[1]
    assert first[1]["organisation"]["state"] == "samengevoegd"  # type: ignore[index] # an object
    status, _ = await post(edge, "/v1/organisations/close", ura=HUISARTS.value)
    assert status == 200
    status, answer = await post(edge, "/v1/organisations/close", ura=HUISARTS.value)
    assert (status, answer["reason"]) == (409, "organisation-state")


async def test_a_document_finishes_a_registration(around: Surroundings, edge: Edge) -> None:
    await prepare(edge)
    edge.peer = None
    octets = b"<signed/>"
    body = {"document": base64.b64encode(octets).decode()}
    status, answer = await post(edge, "/v1/registrations/document", **body)
    assert (status, answer["reason"]) == (403, "document-not-trusted")
    around.representation.documents[octets] = RegistrationDocument(
        ura=Ura("11112222"),
        administrator=b"theirs",
        person=KnownPerson(uzi_number=UziNumber("900054321"), name=NAME),
        sha256=bytes(32),
    )
    status, answer = await post(edge, "/v1/registrations/document", **body)
    assert status == 200
    edge.peer = b"theirs"
    assert (await edge.call("GET", "/v1/operators"))[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/registrations", {"ura": "11112222", "name": "x" * 10_000, "kind": "zorgaanbieder"}),
        ("/v1/registrations", {"ura": "11112222", "name": "x", "kind": "ziekenhuis"}),
        ("/v1/appointments", {"role": "zorg-id-team", "person": PERSON}),
        ("/v1/appointments", {"role": "beheerder", "person": PERSON | {"surname": "x" * 10_000}}),
        ("/v1/appointments/take-up", {"code": "A" * 25 + "1"}),
        ("/v1/challenges", {"purpose": "confirm-card"}),
    ],
)
async def test_what_has_not_the_form(edge: Edge, path: str, body: dict[str, object]) -> None:
    edge.peer = TEAM
    assert (await post(edge, path, **body))[0] == 400


async def test_the_code_stands_in_no_log_and_no_journal(
    around: Surroundings, edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.peer = TEAM
    with caplog.at_level("DEBUG"):
        _, answer = await post(
            edge, "/v1/appointments", role="beheerder", person=PERSON, ura=APOTHEEK.value
        )
        edge.peer = b"theirs"
        await post(edge, "/v1/appointments/take-up", code=answer["code"])
    told = caplog.text + "".join(map(repr, around.store.tables.entries))
    for secret in (str(answer["code"]), PERSON["uzi_number"], "Jansen"):
        assert secret not in told
