"""Wire types: strict in, exact out, and silent about what was sent."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from pki.api.fields import CERTIFICATE_REQUEST, from_pem, to_pem
from pki.api.wire import (
    BlockRequest,
    CardView,
    ChallengeRequest,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.errors import Malformed
from pki.domain.identifiers import CardId, CardNumber, SerialNumber, Ura
from pki.domain.people import BirthDate
from pki.domain.reasons import BlockReason

CARD = CardView(
    card_id=CardId("ab" * 16),
    state="geblokkeerd",
    since=datetime(2026, 11, 22, 12, tzinfo=UTC),
    ura=Ura("12345678"),
    card_number=CardNumber("ZC-000001"),
    serial=SerialNumber(0x1F << 150),
    block_reason=BlockReason.LOSS,
    revoke_reason=None,
    revoked_at=None,
    version="v",
)


def order_text(birth_date: str) -> str:
    certificate = to_pem(b"certificate").replace("\n", "\\n")
    return f'{{"birth_date":{birth_date},"card_number":"ZC-000001","certificate":"{certificate}"}}'


def test_a_card_survives_the_wire() -> None:
    assert CardView.from_json(CARD.to_json()) == CARD


def test_identifiers_are_written_as_text() -> None:
    text = CARD.to_json()
    assert '"card_id":"' + "ab" * 16 + '"' in text
    assert f'"serial":"{0x1F << 150:040x}"' in text
    assert '"since":"2026-11-22T12:00:00Z"' in text
    assert '"block_reason":"verlies"' in text


def test_a_birth_date_is_read_and_never_shown() -> None:
    order = OrderRequest.from_json(order_text('"1980-02-29"'))
    assert order.birth_date == BirthDate(date(1980, 2, 29))
    assert "1980" not in repr(order)
    assert OrderRequest.from_json(order.to_json()) == order


@pytest.mark.parametrize("text", ["19800229", "1981-02-29", "1980-W01-1", "29-02-1980", ""])
def test_other_birth_dates_are_malformed_without_repeating_them(text: str) -> None:
    with pytest.raises(Malformed) as raised:
        OrderRequest.from_json(order_text(f'"{text}"'))
    assert text == "" or text not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        '{"reason":"verlies","extra":1}',
        '{"reason":7}',
        "{}",
        "[]",
        '{"reason":"verlies"',
        '{"reason":"Verlies"}',
    ],
)
def test_bodies_of_another_shape_are_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        BlockRequest.from_json(body)


def test_a_number_is_no_identifier() -> None:
    with pytest.raises(Malformed):
        OrderRequest.from_json(order_text("1234"))


def test_only_session_challenges_can_be_asked_for() -> None:
    with pytest.raises(ValidationError):
        ChallengeRequest.from_json('{"purpose":"confirm-card"}')


def test_a_token_is_not_in_the_text_of_a_session() -> None:
    token = "t" * 43
    assert "token" in SessionView.model_fields
    holder = (
        '{"uzi_number":"900012345","ura":"12345678","organisation":"Apotheek","surname":"Jansen",'
        '"given_names":"A","common_name":"A Jansen"}'
    )
    session = SessionView.from_json(
        f'{{"token":"{token}","expires_at":"2026-11-22T12:00:00Z","holder":{holder},"eligible":true}}'
    )
    assert token not in repr(session)
    assert session.token == token


def test_a_validation_error_does_not_repeat_the_input() -> None:
    with pytest.raises(ValidationError) as raised:
        SessionRequest.from_json('{"algorithm":"my-secret"}')
    assert "my-secret" not in str(raised.value)


def test_pem_is_read_back() -> None:
    der = bytes(range(200))
    text = to_pem(der, CERTIFICATE_REQUEST)
    assert from_pem(text, CERTIFICATE_REQUEST) == der
    assert max(map(len, text.splitlines())) == 64
    assert from_pem(text.replace("\n", "\r\n"), CERTIFICATE_REQUEST) == der


@pytest.mark.parametrize(
    "text",
    [
        "",
        to_pem(b"x", CERTIFICATE_REQUEST),
        to_pem(b"x") * 2,
        "before\n" + to_pem(b"x"),
        to_pem(b"x").replace("eA==", "e*=="),
        to_pem(b"x").replace("eA==", "eA="),
        to_pem(b"x").replace("END CERTIFICATE", "END CERTIFICATE REQUEST"),
    ],
)
def test_other_pem_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        from_pem(text)
