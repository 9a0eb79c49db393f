"""A log-in over TLS and the real store: a browser, a telephone, and two servers."""

import hashlib

import pytest

from issuing.world import URA, World
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.domain.identifiers import ISSUED_SERIAL_MIN, IssuerId, MobielId, PersonId, SerialNumber
from pki.domain.logins.records import LoginState
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.people import Role
from pki.store.writing import Store


def give_telephone(world: World) -> None:
    """Let the manager's client certificate be that of a ZORG-ID Mobiel."""
    identity = MobielIdentity(
        id=MobielId("12" * 16),
        person_id=PersonId("34" * 16),
        ura=URA,
        issuer=IssuerId("mobiel-ca-g1"),
        serial=SerialNumber(ISSUED_SERIAL_MIN),
        certificate_sha256=hashlib.sha256(world.tls.der("manager")).digest(),
        state=MobielState.REGISTERED,
        registered_at=world.clock.now(),
        state_at=world.clock.now(),
    )
    store = Store.open(world.url, clock=world.clock)
    store.write_sync(lambda session: session.put_mobiel(identity))
    store.close_sync()


async def test_what_is_asked_at_one_server_is_answered_and_collected_at_the_other(
    world: World,
) -> None:
    give_telephone(world)
    async with (
        world.serve() as one,
        world.serve() as two,
        one.client() as browser,
        two.client() as elsewhere,
        two.client("manager") as telephone,
        one.client("team") as computer,
    ):
        login = await browser.ask_login()
        with pytest.raises(ProblemAnswered) as refused:
            await computer.approve_login(login.code, login.number)
        assert refused.value.problem_code == "forbidden"
        assert (await telephone.login(login.code)).origin == "127.0.0.1"
        await telephone.approve_login(login.code, login.number)
        found = await elsewhere.collect_login(login)
        assert found.state is LoginState.APPROVED
        assert found.session is not None
        assert (found.session.role, found.session.ura) == (Role.BEHEERDER, URA)
        with pytest.raises(ProblemAnswered):
            await browser.collect_login(login)
        token = found.session.token
        for url in (one.url, two.url):
            async with IssuanceClient(url, tls=one.raw_tls(None), login=token) as logged_in:
                assert (await logged_in.organisation(URA)).ura == URA
        async with IssuanceClient(one.url, tls=one.raw_tls(None), login=token) as leaving:
            await leaving.end_login(token)
            with pytest.raises(ProblemAnswered):
                await leaving.organisation(URA)
