"""ZORG-ID Mobiel against the running program: certificates of another CA, made with openssl."""

import subprocess
from pathlib import Path

import pytest

from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.people.mobiel import InviteRequest, RegisterMobielRequest
from pki.api.registration import AppointmentRequest, TakeUpRequest
from pki.api.wire import OperatorPerson
from pki.domain.identifiers import UziNumber
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RefusalReason
from practice import Practice, refused
from server.initialise import ADMINISTRATOR

WHOM = OperatorPerson(
    uzi_number=UziNumber("900054321"), surname="Jansen", given_names="A.", common_name="A. Jansen"
)
_CA = ("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign")
_PHONE = ("keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth")


def openssl(folder: Path, *words: str) -> None:
    ran = subprocess.run(
        ("openssl", *words), cwd=folder, capture_output=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()


def made(folder: Path, name: str, extensions: tuple[str, ...], ca: str | None = None) -> None:
    """A P-256 key and its certificate, ``<name>.key`` and ``<name>.pem``."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    by = () if ca is None else ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key")
    added = [word for each in extensions for word in ("-addext", each)]
    where = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    openssl(folder, "req", "-x509", "-days", "2", *key, *by, *added, *where)


@pytest.fixture
def phones(practice: Practice) -> Path:
    """A CA of ZORG-ID Mobiel that the installation trusts, and a telephone of it and of another."""
    folder = practice.layout.root / "mobiel"
    folder.mkdir()
    for ca, phone in (("mobiel-ca", "phone"), ("another-ca", "stranger")):
        made(folder, ca, _CA)
        made(folder, phone, _PHONE, ca)
    practice.change(("[status]\n", '[mobiel]\nissuers = ["mobiel/mobiel-ca.pem"]\n\n[status]\n'))
    return folder


def client(practice: Practice, folder: Path, phone: str) -> IssuanceClient:
    context = practice.tls()
    context.load_cert_chain(folder / f"{phone}.pem", folder / f"{phone}.key")
    return IssuanceClient(practice.api_url, tls=context, timeout_seconds=20)


async def test_a_telephone_is_registered_manages_cards_and_is_shut_out(
    practice: Practice, phones: Path
) -> None:
    with practice.serving():
        async with practice.client(ADMINISTRATOR) as administrator:
            invited = await administrator.invite_mobiel(InviteRequest(person=WHOM))
            async with client(practice, phones, "stranger") as stranger:
                with pytest.raises(ServiceUnreachable):
                    await stranger.register_mobiel(RegisterMobielRequest(code=invited.code))
            request = RegisterMobielRequest(code=invited.code)
            answered = await refused(administrator.register_mobiel(request))
            assert answered.reason is RefusalReason.MOBIEL_NOT_TRUSTED
            async with client(practice, phones, "phone") as phone:
                identity = await phone.register_mobiel(request)
                asked = AppointmentRequest(role=Role.ADMINISTRATOR, person=WHOM)
                appointed = await administrator.appoint(asked)
                await phone.take_up(TakeUpRequest(code=appointed.code))
                (known,) = (await phone.mobiel()).mobiel
                assert (known.mobiel_id, known.state) == (
                    identity.mobiel_id,
                    MobielState.REGISTERED,
                )
                await administrator.block_mobiel(identity.mobiel_id, BlockReason.LOSS)
                assert (await refused(phone.mobiel())).problem_code == "forbidden"
                await administrator.end_mobiel(identity.mobiel_id)
                assert (await refused(phone.mobiel())).problem_code == "forbidden"
