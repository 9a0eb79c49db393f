"""From a UZI pass to a card, and a block, over TLS with the real store, CA and trust."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from issuing.world import URA, Server, World, Writer, pkcs10, writer
from made.uzi import DAY, NOW, Z_TEXT, PassPlan, der, new_key, upn, uzi
from pki.api.errors import ProblemAnswered, ServiceUnavailable, ServiceUnreachable
from pki.api.fields import to_pem
from pki.api.wire import BlockRequest, OperatorRequest, OrganisationRequest, RevokeRequest
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.events import CardOrdered, RequestRefused
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.journal import JournalHead, verify_chain
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RefusalReason, RevocationReason, RevokeReason
from pki.domain.status import Good, OnHold, Revoked, Unconfirmed
from pki.domain.uzi import PassType

Keys = list[rsa.RSAPrivateKey]


async def status_of(server: Server, serial: SerialNumber) -> object:
    issuer = server.world.authority.issuer
    return await server.desk.reader.read(lambda snapshot: snapshot.status(issuer, serial))


async def test_a_card_is_made_and_a_foreign_tool_trusts_it(
    server: Server, desk_writer: Writer, tmp_path: Path
) -> None:
    await desk_writer.open()
    assert desk_writer.session.holder.uzi_number == UziNumber("900021219")
    ordered = await desk_writer.order()
    assert (ordered.state, ordered.serial) == ("aangevraagd", None)
    certified = await desk_writer.certify(ordered.card_id)
    serial = certified.card.serial
    assert serial is not None
    assert isinstance(await status_of(server, serial), Unconfirmed)
    confirmed = await desk_writer.confirm(certified)
    assert (confirmed.state, confirmed.serial) == ("actief", serial)
    assert await status_of(server, serial) == Good()
    token = desk_writer.session.token
    assert await desk_writer.client.card(ordered.card_id, token) == confirmed
    certificate = x509.load_der_x509_certificate(certified.certificate)
    assert certificate.serial_number == serial.value
    assert certificate.public_key() == desk_writer.card_key.public_key()
    files = {"card": certified.certificate, "ca": certified.chain[0], "root": certified.chain[-1]}
    for name, octets in files.items():
        (tmp_path / f"{name}.pem").write_text(to_pem(octets))
    command = ["openssl", "verify", "-attime", str(int(NOW.timestamp()))]
    command += ["-CAfile", str(tmp_path / "root.pem"), "-untrusted", str(tmp_path / "ca.pem")]
    command += [str(tmp_path / "card.pem")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_zorgverlener_reads_the_sentence_of_the_screen(
    world: World, server: Server, desk_writer: Writer
) -> None:
    plan = PassPlan(names=(upn("900030757@90000380"), uzi(Z_TEXT)), not_after=NOW - DAY)
    desk_writer.certificate = der(world.register.issue(plan, by=PassType.ZORGVERLENER))
    with pytest.raises(ProblemAnswered) as raised:
        await desk_writer.open()
    assert raised.value.reason is RefusalReason.PASS_IS_ZORGVERLENER
    assert raised.value.problem.detail == (
        "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder."
    )
    entries = await server.desk.reader.read(lambda tx: tx.journal_after(0, 500))
    assert isinstance(entries[-1].event, RequestRefused)


async def test_a_replayed_challenge_and_another_keys_answer_are_refused(
    desk_writer: Writer,
) -> None:
    client = desk_writer.client
    request = desk_writer.session_request(await client.challenge())
    await client.open_session(request)
    forged = desk_writer.session_request(await client.challenge(), key=new_key())
    for body in (request, forged):
        with pytest.raises(ProblemAnswered) as raised:
            await client.open_session(body)
        assert raised.value.problem.status == 401
        assert raised.value.problem_code == "unauthenticated"


async def test_a_pass_revoked_after_the_session_began_orders_nothing(
    world: World, desk_writer: Writer
) -> None:
    await desk_writer.open()
    world.status.failure = Refused(reason=RefusalReason.PASS_REVOKED, message="revoked")
    with pytest.raises(ProblemAnswered) as raised:
        await desk_writer.order()
    assert raised.value.reason is RefusalReason.PASS_REVOKED


async def test_a_register_that_is_silent_means_later(world: World, desk_writer: Writer) -> None:
    world.status.failure = PassStatusUnavailable(message="no CRL")
    with pytest.raises(ServiceUnavailable) as raised:
        await desk_writer.open()
    assert raised.value.retry_after == 5
    assert "later" in raised.value.problem.detail


def weak_requests(good: rsa.RSAPrivateKey) -> dict[str, bytes]:
    broken = bytearray(pkcs10(good))
    broken[-1] ^= 1
    return {
        "key-rejected:small": pkcs10(rsa.generate_private_key(65537, 1024)),  # noqa: S505 -- must be refused
        "key-rejected:signature": bytes(broken),
        "key-rejected:type": pkcs10(ec.generate_private_key(ec.SECP256R1())),
        "malformed:octets": b"\x30\x03\x02\x01\x00",
    }


async def test_bad_certification_requests_are_refused(desk_writer: Writer) -> None:
    await desk_writer.open()
    card = await desk_writer.order()
    for expected, request in weak_requests(desk_writer.card_key).items():
        with pytest.raises(ProblemAnswered) as raised:
            await desk_writer.certify(card.card_id, request)
        assert raised.value.problem_code == expected.partition(":")[0]
    assert (await desk_writer.certify(card.card_id)).card.state == "uitgegeven"


async def test_a_key_is_certified_once(world: World, server: Server, desk_writer: Writer) -> None:
    first = await desk_writer.make()
    async with server.client("team") as team:
        await team.block(first.card.card_id, BlockRequest(reason=BlockReason.LOSS))
        await team.revoke(first.card.card_id, RevokeRequest(reason=RevokeReason.DEFECT))
    await desk_writer.open()
    again = await desk_writer.order("n" * 16, "ZC-000002")
    with pytest.raises(ProblemAnswered) as raised:
        await desk_writer.certify(again.card_id)
    assert raised.value.problem_code == "key-rejected"


async def test_repeating_is_harmless_and_bytes_stay_the_same(desk_writer: Writer) -> None:
    await desk_writer.open()
    cards = [await desk_writer.order() for _ in range(2)]
    assert cards[0] == cards[1]
    with pytest.raises(ProblemAnswered) as raised:
        await desk_writer.order(number="ZC-000009")
    assert raised.value.problem.status == 422
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(desk_writer.certify(cards[0].card_id)) for _ in range(5)]
    assert len({task.result().certificate for task in tasks}) == 1


async def test_parallel_orders_give_one_card(server: Server, desk_writer: Writer) -> None:
    await desk_writer.open()

    async def attempt(number: int) -> bool:
        try:
            await desk_writer.order(f"key-{number:012}", f"ZC-{number:06}")
        except ProblemAnswered as problem:
            return problem.reason is not RefusalReason.HOLDER_HAS_CARD
        return True

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(number)) for number in range(20)]
    assert [task.result() for task in tasks].count(True) == 1


async def test_a_restarted_server_goes_on_where_it_was(world: World, card_keys: Keys) -> None:
    async with world.serve() as before, before.client() as client:
        desk = writer(world, client, card_keys[0])
        await desk.open()
        card = await desk.order()
        certified = await desk.certify(card.card_id)
    async with world.serve() as after, after.client() as client:
        desk.client = client
        assert await desk.order() == await client.card(card.card_id, desk.session.token)
        again = await desk.certify(card.card_id)
        assert again.certificate == certified.certificate
        assert (await desk.confirm(again)).state == "actief"
        head = await after.desk.reader.read(
            lambda tx: verify_chain(tx.raw_journal(0, 500))  # type: ignore[attr-defined] # the real reader has more
        )
        assert isinstance(head, JournalHead)
        assert head.position > 0


async def test_a_block_is_answered_with_its_place_in_the_journal(
    server: Server, desk_writer: Writer
) -> None:
    certified = await desk_writer.make()
    card_id, serial = certified.card.card_id, certified.card.serial
    assert serial is not None
    async with server.client("manager") as manager:
        blocked = await manager.block(card_id, BlockRequest(reason=BlockReason.LOSS))
        assert blocked.card.state == "geblokkeerd"
        assert await status_of(server, serial) == OnHold(since=blocked.change.at)
        assert (await manager.unblock(card_id)).card.state == "actief"
        hold = await manager.block(card_id, BlockRequest(reason=BlockReason.LOSS))
        server.world.clock.forward(60)
        ended = await manager.revoke(card_id, RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT))
        assert ended.card.revoked_at == hold.change.at
        assert ended.change.position == hold.change.position + 1
        reason = RevocationReason.KEY_COMPROMISE
        assert await status_of(server, serial) == Revoked(at=hold.change.at, reason=reason)
        (found,) = await manager.cards_of(UziNumber("900021219"))
        assert found == ended.card
        certificate = await manager.certificate(serial)
        assert (certificate.status, certificate.status_since) == ("revoked", hold.change.at)
        assert certificate.certificate == certified.certificate


async def test_only_registered_clients_are_operators(server: Server, desk_writer: Writer) -> None:
    certified = await desk_writer.make()
    for who, status in ((None, 401), ("nobody", 403)):
        async with server.client(who) as client:
            with pytest.raises(ProblemAnswered) as raised:
                await client.block(certified.card.card_id, BlockRequest(reason=BlockReason.LOSS))
            assert raised.value.problem.status == status
    for who in ("expired", "foreign"):
        async with server.client(who) as client:
            with pytest.raises(ServiceUnreachable):
                await client.card(certified.card.card_id)


async def test_the_team_registers_organisations_and_operators(world: World, server: Server) -> None:
    new = OrganisationRequest(ura=Ura("90000999"), name="Apotheek De Linde")
    operator = OperatorRequest(
        role=Role.ADMINISTRATOR, ura=new.ura, certificate=world.tls.der("nobody")
    )
    async with server.client("team") as team:
        assert (await team.register_organisation(new)).ura == new.ura
        assert (await team.register_operator(operator)).role is Role.ADMINISTRATOR
    for who in ("nobody", "manager"):
        async with server.client(who) as client:
            with pytest.raises(ProblemAnswered) as raised:
                await client.register_organisation(new)
            assert raised.value.problem.status == 403


async def test_a_stranger_learns_nothing_of_a_card(server: Server, desk_writer: Writer) -> None:
    certified = await desk_writer.make()
    async with server.client() as client:
        with pytest.raises(ProblemAnswered) as raised:
            await client.card(certified.card.card_id, "t" * 43)
        assert raised.value.problem.status == 401
    events = await server.desk.reader.read(lambda tx: tx.journal_after(0, 500))
    assert [type(entry.event) for entry in events].count(CardOrdered) == 1
    assert URA.value == certified.card.ura.value


async def test_the_certificate_in_the_answer_is_the_one_in_the_store(
    server: Server, desk_writer: Writer
) -> None:
    certified = await desk_writer.make()
    serial = certified.card.serial
    assert serial is not None
    stored = await server.desk.reader.read(lambda snapshot: snapshot.certificate(serial))
    assert stored is not None
    assert stored.der == certified.certificate
    loaded = x509.load_der_x509_certificate(certified.chain[0])
    assert loaded.public_bytes(Encoding.DER) == certified.chain[0]
