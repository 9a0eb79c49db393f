"""Linking and unlinking over TLS, with the real store."""

import pytest

from issuance.endings.unlinked import end_unlinked
from issuing.world import URA, Server, Writer
from pki.api.errors import ProblemAnswered
from pki.api.linking import LinkRequest, UnlinkRequest
from pki.api.wire import OrganisationRequest
from pki.domain.identifiers import Ura
from pki.domain.reasons import RefusalReason, RevocationReason
from pki.domain.status import Revoked

OTHER = Ura("90000999")


async def test_an_employee_moves_and_leaves_and_the_card_ends(
    server: Server, desk_writer: Writer
) -> None:
    made = (await desk_writer.make()).card
    holder = desk_writer.session.holder.uzi_number
    async with server.client("manager") as manager, server.client("team") as team:
        found = await manager.links(made.card_id)
        assert (found.organisations, found.ends_at) == ([URA], None)
        await team.register_organisation(OrganisationRequest(ura=OTHER, name="Apotheek"))
        change = await team.link(LinkRequest(uzi_number=holder, ura=OTHER))
        assert change.links.organisations == [URA, OTHER]
        left = await manager.unlink(made.card_id, UnlinkRequest())
        assert (left.links.organisations, left.links.ends_at) == ([OTHER], None)
        with pytest.raises(ProblemAnswered) as raised:
            await manager.links(made.card_id)
        assert raised.value.reason is RefusalReason.CARD_NOT_LINKED
        alone = await team.unlink(made.card_id, UnlinkRequest(ura=OTHER))
        end = alone.links.ends_at
        assert end is not None
        assert alone.links.organisations == []
        assert end.day == alone.change.at.day
        server.world.clock.at = end
        assert await end_unlinked(server.desk) == 1
        assert (await team.links(made.card_id)).card.state == "ingetrokken"
    serial = made.serial
    assert serial is not None
    issuer = server.world.authority.issuer
    status = await server.desk.reader.read(lambda snapshot: snapshot.status(issuer, serial))
    assert status == Revoked(at=end, reason=RevocationReason.CESSATION_OF_OPERATION)
