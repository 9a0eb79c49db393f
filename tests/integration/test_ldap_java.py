"""The directory as Java's own client (JNDI) asks it, with names as Java and .NET write them."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from directories.material import BASE, ISSUER_NAME, Holder, card_certificate
from directories.slapd import Bench, following, running_slapd, server_of
from peers import program

pytestmark = [pytest.mark.slapd, pytest.mark.java]

ASKING = Path(__file__).parents[1] / "java" / "Directory.java"
PIECES = ISSUER_NAME.split(",")


async def asked(url: str, filters: list[str]) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *(str(program("java")), "-XX:TieredStopAtLevel=1", str(ASKING), url, BASE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate("".join(f"{each}\n" for each in filters).encode())
    assert process.returncode == 0, complaint.decode()
    return output.decode().splitlines()


async def test_java_finds_a_certificate_however_its_issuer_is_written(tmp_path: Path) -> None:
    async with running_slapd(tmp_path) as slapd, following(Bench(server_of(slapd))) as bench:
        card = card_certificate(bench.ca, 1)
        other = card_certificate(bench.ca, 2, Holder(uzi_number="900000002"))
        bench.facts.put(other)
        await bench.reached(bench.facts.put(card))
        issuers = {
            "LDAP and Java": ",".join(PIECES),
            "Java, country first": ",".join(reversed(PIECES)),
            ".NET": ", ".join(PIECES),
            ".NET, country first": ", ".join(reversed(PIECES)),
            "by name": ISSUER_NAME.replace("2.5.4.97", "organizationIdentifier"),
        }
        number = card.serial.decimal
        filters = {
            name: f"(userCertificate:certificateExactMatch:="
            f'{{ serialNumber {number}, issuer rdnSequence:"{issuer}" }})'
            for name, issuer in issuers.items()
        }
        filters["UZI number"] = "(serialNumber=900021219)"
        filters["nobody"] = "(serialNumber=900000009)"
        filters["everybody"] = "(serialNumber=*)"
        answers = await asked(slapd.url, list(filters.values()))
    digest = hashlib.sha256(card.der).hexdigest()
    expected = dict.fromkeys(filters, digest)
    expected |= {"nobody": "", "everybody": "LimitExceededException"}
    assert dict(zip(filters, answers, strict=True)) == expected
