"""After a restore: nothing is served until it is confirmed, and nothing goes back."""

import asyncio
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.backup import answered, asked, backed_up
from installed.practice import Practice, employee
from installed.program import fetched, until
from installed.sound import check_sound
from made.backups import write_recipient
from pki.api.people.mobiel import InviteRequest, RedeemedMobielView, RedeemMobielRequest
from pki.api.wire import BlockRequest, OperatorPerson
from pki.domain.identifiers import CardId, UziNumber
from pki.domain.reasons import BlockReason
from server.cli import run
from server.initialise import ADMINISTRATOR
from server.installation import Layout

pytestmark = [pytest.mark.openssl, pytest.mark.slow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An installation that is gone: its backup, and the last CRLs, which know of blocks since.

    ``known`` and ``unknown`` are serials of cards made before and after the backup; ``untouched``
    is one that was never blocked; ``telephone`` is that of a ZORG-ID Mobiel, blocked after it.
    """

    practice: Practice
    file: Path
    key: Path
    crls: tuple[Path, ...]
    number: int
    known: str
    untouched: str
    unknown: str
    telephone: str

    @property
    def last(self) -> tuple[str, ...]:
        """How the last CRLs are given."""
        return tuple(word for each in self.crls for word in ("--crl", str(each)))


def serial(certificate: bytes) -> str:
    return f"{x509.load_der_x509_certificate(certificate).serial_number:040x}"


def published(practice: Practice, ca: str = "token") -> tuple[int, set[str], bytes]:
    """Number and serials of a CA's CRL, and the CRL."""
    der = fetched(f"{practice.base_url}/crl/zorg-id-{ca}-ca.crl")
    crl = x509.load_der_x509_crl(der)
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, {f"{entry.serial_number:040x}" for entry in crl}, der


async def block(practice: Practice, card: CardId) -> None:
    async with practice.client(ADMINISTRATOR) as client:
        await client.block(card, BlockRequest(reason=BlockReason.LOSS))


async def certify_telephone(practice: Practice) -> RedeemedMobielView:
    """A ZORG-ID Mobiel of somebody without a card."""
    whom = OperatorPerson(
        uzi_number=UziNumber("900054321"), surname="Jansen", given_names="", common_name="Jansen"
    )
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    async with practice.client(ADMINISTRATOR) as client:
        code = (await client.invite_mobiel(InviteRequest(person=whom))).code
        pkcs10 = request.public_bytes(Encoding.DER)
        return await client.redeem_mobiel(RedeemMobielRequest(code=code, pkcs10=pkcs10))


@pytest.fixture(scope="module")
def lost(module_practice: Practice, tmp_path_factory: pytest.TempPathFactory) -> Lost:
    return asyncio.run(lose(module_practice, tmp_path_factory.mktemp("lost")))


async def lose(practice: Practice, folder: Path) -> Lost:
    certificate, key = write_recipient(folder, "first")
    file, crls = folder / "backup.cms", (folder / "last.crl", folder / "last-mobiel.crl")
    practice.add_mobiel_ca()
    with practice.serving():
        known = await practice.make_card(employee(1))
        untouched = await practice.make_card(employee(2))
        telephone = await certify_telephone(practice)
        await asyncio.to_thread(backed_up, practice, file, certificate)
        unknown = await practice.make_card(employee(3))
        serials = {serial(each.certificate) for each in (known, unknown)}
        await block(practice, known.card.card_id)
        await block(practice, unknown.card.card_id)
        async with practice.client(ADMINISTRATOR) as client:
            await client.block_mobiel(telephone.mobiel.mobiel_id, BlockReason.LOSS)
        until(lambda: published(practice)[1] == serials, "both are on the CRL")
        theirs = {serial(telephone.certificate)}
        until(lambda: published(practice, "mobiel")[1] == theirs, "the telephone is on its CRL")
        number, _, der = published(practice)
        crls[1].write_bytes(published(practice, "mobiel")[2])
    crls[0].write_bytes(der)
    return Lost(
        practice=practice,
        file=file,
        key=key,
        crls=crls,
        number=number,
        known=serial(known.certificate),
        untouched=serial(untouched.certificate),
        unknown=serial(unknown.certificate),
        telephone=serial(telephone.certificate),
    )


@pytest.fixture
def restored(lost: Lost, tmp_path: Path) -> Practice:
    target = tmp_path / "restored"
    asked("restore", str(lost.file), str(target), "--key", str(lost.key))
    return replace(lost.practice, layout=Layout(target))


@pytest.mark.parametrize("role", ["all", "status", "issuance", "publisher"])
def test_nothing_is_served_before_it_is_confirmed(restored: Practice, role: str) -> None:
    answer = answered("serve", "-c", str(restored.config), "--role", role)
    assert answer.code == 1
    assert "restored" in answer.stderr
    assert "next: zorgid restore-confirm" in answer.stderr


def test_what_the_last_crl_says_comes_back(lost: Lost, restored: Practice) -> None:
    config = ("-c", str(restored.config))
    alone = answered("restore-confirm", *lost.last[:2], *config)
    assert "no last CRL of mobiel-ca-g1 was given" in alone.stderr
    answer = answered("restore-confirm", *lost.last, *config, "--json")
    assert answer.code == 1
    result = answer.json["result"]
    assert set(result["crl_numbers"]) == {"token-ca-g1", "mobiel-ca-g1"}
    assert result["crl_numbers"]["token-ca-g1"] == lost.number
    assert result["held"] == [lost.known, lost.telephone]
    assert (result["unknown"], result["unconfirmed"]) == ([lost.unknown], [])
    with restored.serving():
        until(lambda: published(restored)[0] > lost.number, "a CRL above the last one")
        until(lambda: published(restored)[1] == {lost.known}, "it lists what is known")
        found = [restored.openssl_ocsp(each) for each in (lost.known, lost.untouched, lost.unknown)]
        assert found == ["hold", "good", "unknown"]
        assert restored.openssl_ocsp(lost.telephone, issuer="mobiel-ca-g1") == "hold"
        asyncio.run(check_sound(restored))
    again = answered("restore-confirm", *lost.last, *config)
    assert again.code == 1
    assert "no restore that waits" in again.stderr
    examined = answered("doctor", *config).stdout
    assert "warning  restore" in examined


def test_a_number_alone_counts_and_is_complained_about(lost: Lost, restored: Practice) -> None:
    config = ("-c", str(restored.config))
    answer = answered("restore-confirm", "--number", str(lost.number + 1000), *config)
    assert answer.code == 1
    assert "only a number was given" in answer.stdout
    with restored.serving():
        until(lambda: published(restored)[0] == lost.number + 1001, "a CRL above that number")


def test_the_number_is_asked_from_a_status_service(lost: Lost, restored: Practice) -> None:
    with lost.practice.serving():
        answer = answered("restore-confirm", "-c", str(restored.config), "--json")
        numbers = answer.json["result"]["crl_numbers"]
        assert numbers == {
            f"{ca}-ca-g1": published(lost.practice, ca)[0] for ca in ("token", "mobiel")
        }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--number", "0"), 1, "is not the last"),
        (("--crl", "missing.crl"), 2, "cannot be read"),
        (("--crl", "ROOT"), 1, "signed by no generation"),
        (("--number", "9", "--crl", "ROOT"), 2, "give one of"),
        ((), 4, "cannot be read"),
    ],
)
def test_what_confirms_nothing(
    restored: Practice, words: tuple[str, ...], code: int, said: str
) -> None:
    before = restored.layout.store.read_bytes()
    root = str(restored.layout.crl("root"))
    given = [root if word == "ROOT" else word for word in words]
    answer = answered("restore-confirm", *given, "-c", str(restored.config))
    assert answer.code == code
    assert said in answer.stderr
    assert restored.layout.store.read_bytes() == before
    assert answered("serve", "-c", str(restored.config)).code == 1


def test_a_mark_that_cannot_be_read_stops_everything(restored: Practice) -> None:
    restored.layout.store.with_name("restored.json").write_text("{")
    for command in ("serve", "restore-confirm"):
        assert answered(command, "-c", str(restored.config)).code == 1


def test_an_installation_that_was_not_restored_has_nothing_to_confirm(
    lost: Lost, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(lost.practice.layout.root, folder)
    assert run(["restore-confirm", "--number", "5", "-c", str(folder / "zorgid.toml")]) == 1
