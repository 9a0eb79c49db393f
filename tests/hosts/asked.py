"""What OpenSSL at one host makes of what a status service at another says."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hosts.network import Host
from installed.program import fetched
from server.demo.telling.tools import environment
from server.installation import Layout

CRL = "zorg-id-token-ca.crl"
_SAID = re.compile(r": (good|revoked|unknown)\s*$|Responder Error: (\w+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """A host that knows the certificates of an installation, and nothing else of it."""

    host: Host
    layout: Layout

    def said(self, serial: int, *words: str) -> str:
        """`openssl ocsp` with these words: good, hold, revoked, unknown, or an error's name."""
        issuer, root = self.layout.certificate("token-ca-g1"), self.layout.certificate("root")
        ocsp = ("openssl", "ocsp", "-issuer", str(issuer), "-CAfile", str(root))
        ran = subprocess.run(
            self.host.words(*ocsp, "-serial", f"0x{serial:x}", *words),
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
            timeout=180,
        )
        answer = _SAID.search(ran.stdout)
        assert answer is not None, (ran.stdout, ran.stderr)
        if answer[2]:
            return answer[2]
        assert "Response verify OK" in ran.stderr, ran.stderr
        return "hold" if "Reason: certificateHold" in ran.stdout else answer[1]

    def posted(self, url: str, serial: int, *options: str) -> str:
        """What it hears when it asks by POST."""
        return self.said(serial, "-url", f"{url}/ocsp", *options)

    def question(self, serial: int) -> bytes:
        """What OpenSSL asks, without a nonce."""
        with tempfile.NamedTemporaryFile() as file:
            issuer = str(self.layout.certificate("token-ca-g1"))
            words = ("-issuer", issuer, "-serial", f"0x{serial:x}", "-reqout", file.name)
            subprocess.run(("openssl", "ocsp", *words, "-no_nonce"), check=True)
            return Path(file.name).read_bytes()

    def read(self, serial: int, answer: bytes) -> str:
        """What an answer says, which came some other way."""
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(answer)
            return self.said(serial, "-respin", file.name, "-no_nonce")

    def crl(self, url: str) -> bytes:
        """The CRL of the Token CA."""
        return self.host.do(lambda: fetched(f"{url}/crl/{CRL}"))
