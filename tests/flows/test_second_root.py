"""A second root: who knows the first alone reaches a card under it, with what is served."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from installed.nursery import Nursery
from installed.practice import Practice, employee
from installed.program import fetched
from installed.second_root import GENERATION, LINK, ROOT, roll_root_over
from server.demo.telling.tools import environment

pytestmark = [pytest.mark.openssl, pytest.mark.slow]


def pem(path: Path, der: bytes) -> str:
    path.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return str(path)


def verified(*words: str) -> bool:
    ran = subprocess.run(
        ("openssl", "verify", "-x509_strict", *words),
        capture_output=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    return ran.returncode == 0


async def test_the_link_that_is_served_leads_from_the_old_root_to_a_new_card(
    practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    await asyncio.to_thread(roll_root_over, practice)
    with nursery.serving(practice):
        made = await practice.make_card(employee(1))
        served = {
            name: await asyncio.to_thread(fetched, f"{practice.base_url}/ca/{name}.cer")
            for name in (LINK, ROOT, f"zorg-id-{GENERATION}")
        }
        crl = await asyncio.to_thread(fetched, f"{practice.base_url}/crl/{ROOT}.crl")
        examined = await asyncio.to_thread(
            practice.zorgid, "doctor", "--config", str(practice.config)
        )
    card = pem(tmp_path / "card.pem", made.certificate)
    link, root, token_ca = (pem(tmp_path / f"{name}.pem", der) for name, der in served.items())
    old = str(practice.layout.certificate("root"))

    assert verified("-CAfile", root, "-untrusted", token_ca, card)
    assert verified("-CAfile", old, "-untrusted", token_ca, "-untrusted", link, card)
    assert not verified("-CAfile", old, "-untrusted", token_ca, card)
    assert crl == practice.layout.crl(ROOT).read_bytes()
    assert f"{GENERATION} was signed by {ROOT}" in examined.stdout
    assert "token-ca-g1 was signed by root" in examined.stdout
    points = x509.load_der_x509_certificate(served[f"zorg-id-{GENERATION}"]).extensions
    [point] = points.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    assert point.full_name[0].value == f"{practice.base_url}/crl/{ROOT}.crl"
