"""Names of any length in a pass that the UZI register signed: kept exactly, or refused at once."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from issuing.world import Server, World, Writer
from made.uzi import PassPlan, der
from pki.api.errors import ProblemAnswered
from pki.domain.reasons import RefusalReason


def pass_with(world: World, surname: str, given_names: str) -> bytes:
    given = {NameOID.SURNAME: surname, NameOID.GIVEN_NAME: given_names}
    plan = PassPlan()
    subject = tuple((oid, given.get(oid, value)) for oid, value in plan.subject)
    return der(world.register.issue(replace(plan, subject=subject)))


async def test_three_hundred_characters_are_copied_as_they_stand(
    world: World, server: Server, desk_writer: Writer
) -> None:
    surname, given_names = "é" * 300, "Jan, Piet+CN=x #\\" * 17
    desk_writer.certificate = pass_with(world, surname, given_names)
    made = await desk_writer.make()
    subject = x509.load_der_x509_certificate(made.certificate).subject
    (found,) = subject.get_attributes_for_oid(NameOID.SURNAME)
    (first,) = subject.get_attributes_for_oid(NameOID.GIVEN_NAME)
    assert (found.value, first.value) == (surname, given_names)
    async with server.client("team") as team:
        assert (await team.card(made.card.card_id)).state == "actief"


@pytest.mark.parametrize("which", ["surname", "given names"])
async def test_ten_thousand_characters_are_refused_and_leave_nothing(
    world: World, server: Server, desk_writer: Writer, which: str
) -> None:
    long, short = "é" * 10_000, "Jansen"
    names = (long, short) if which == "surname" else (short, long)
    desk_writer.certificate = pass_with(world, *names)
    with pytest.raises(ProblemAnswered) as refused:
        await desk_writer.open()
    assert refused.value.reason is RefusalReason.PASS_NAME_INVALID
    entries = await server.desk.reader.read(lambda snapshot: snapshot.journal_after(0, 1000))
    assert not any(each.event.KIND == "session.opened" for each in entries)
