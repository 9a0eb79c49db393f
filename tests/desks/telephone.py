"""A telephone whose key openssl makes, against the running program."""

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from installed.practice import Practice
from installed.program import fetched
from pki.api.client import IssuanceClient
from pki.api.fields import to_pem
from pki.api.people.mobiel import RedeemedMobielView
from pki.api.wire import OperatorPerson
from pki.domain.identifiers import SerialNumber, UziNumber

WHOM = OperatorPerson(
    uzi_number=UziNumber("900054321"), surname="Jansen", given_names="A.", common_name="A. Jansen"
)
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Telephone:
    """A key that openssl made, in a folder, and what was made of it."""

    practice: Practice
    folder: Path
    name: str

    def openssl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("openssl", *words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def request(self) -> bytes:
        """The PKCS #10 of a new key, DER; its subject is nobody's."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout")
        out = ("-out", f"{self.name}.p10", "-subj", "/CN=somebody else")
        made = self.openssl("req", "-new", *key, f"{self.name}.key", *out)
        assert made.returncode == 0, made.stderr
        request = x509.load_pem_x509_csr((self.folder / f"{self.name}.p10").read_bytes())
        return request.public_bytes(Encoding.DER)

    def take(self, redeemed: RedeemedMobielView) -> None:
        """Keep the certificate and the chain."""
        self.certificate.write_text(to_pem(redeemed.certificate))
        (self.folder / "chain.pem").write_text("".join(map(to_pem, redeemed.chain)))

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def serial(self) -> SerialNumber:
        read = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return SerialNumber(read.serial_number)

    def client(self) -> IssuanceClient:
        """The API, as this telephone reaches it."""
        context = self.practice.tls()
        context.load_cert_chain(self.certificate, self.folder / f"{self.name}.key")
        return IssuanceClient(self.practice.api_url, tls=context, timeout_seconds=60)

    def ocsp(self) -> str:
        """What `openssl ocsp` says of it."""
        return self.practice.openssl_ocsp(self.serial.hex, issuer="mobiel-ca-g1")

    def verified(self) -> str:
        """What `openssl verify` says, with the CRLs that are served now."""
        lists: list[str] = []
        for name in ("zorg-id-mobiel-ca", "zorg-id-root-ca"):
            served = fetched(f"{self.practice.base_url}/crl/{name}.crl")
            (self.folder / f"{name}.crl").write_bytes(served)
            read = ("-inform", "DER", "-in", f"{name}.crl", "-out", f"{name}.crl.pem")
            assert self.openssl("crl", *read).returncode == 0
            lists += ("-CRLfile", f"{name}.crl.pem")
        anchor = str(self.practice.layout.certificate("root"))
        trust = ("-x509_strict", "-purpose", "sslclient", "-CAfile", anchor)
        between = ("-untrusted", "chain.pem", "-crl_check_all", *lists)
        said = self.openssl("verify", *trust, *between, self.certificate.name)
        return "good" if said.returncode == 0 else said.stdout + said.stderr


async def until(says: Callable[[], str], wanted: str) -> None:
    """A CRL follows a change within a second or so."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while wanted not in (said := says()):
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.2)
