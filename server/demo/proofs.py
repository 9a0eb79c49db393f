"""What foreign tools say of a card, checked: openssl, curl and ldapsearch on the real services."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.demo.telling.narrator import Narrator
from server.demo.telling.tools import Ran, Tools
from server.demo.watching import Addresses, Shown, get_url

_SEEN: Final = {
    "good": Shown.GOOD,
    "unknown": Shown.UNKNOWN,
    "revoked": Shown.REVOKED,
}
_VERIFIED: Final = "Response verify OK"
_CERTIFICATE: Final = re.compile(r"^userCertificate;binary:: (\S+)$", re.MULTILINE)
_SHOWN_BASE64: Final = 44


def openssl_status(ran: Ran) -> Shown | None:
    """What `openssl ocsp` found, or None when its answer names no status."""
    match = re.search(r": (good|revoked|unknown)\s*$", ran.out, re.MULTILINE)
    if match is None:
        return None
    held = "Reason: certificateHold" in ran.out
    return Shown.ON_HOLD if held else _SEEN[match[1]]


def crl_extract(text: str, serial: int) -> list[str]:
    """Of `openssl crl -text`: number, dates, and the lines of one serial if it is listed."""
    lines = text.splitlines()
    kept = []
    for place, line in enumerate(lines):
        if "Last Update" in line or "Next Update" in line:
            kept.append(line.strip())
        elif "X509v3 CRL Number" in line:
            kept.append(f"CRL Number: {lines[place + 1].strip()}")
        elif line.strip() == f"Serial Number: {serial:X}":
            kept.extend(_crl_entry(lines[place:]))
    return kept


def _crl_entry(lines: Sequence[str]) -> list[str]:
    """One entry: its serial, and what follows until the next entry or the signature."""
    entry = [lines[0].strip()]
    for line in lines[1:]:
        if re.match(r"\s*(Serial Number|Signature Algorithm|Signature Value):", line):
            break
        entry.append(line.strip())
    return entry


def san_offset(lines: Sequence[str]) -> int | None:
    """Where `openssl asn1parse` shows the octets of the subjectAltName."""
    for place, line in enumerate(lines):
        if "X509v3 Subject Alternative Name" in line:
            match = re.match(r"\s*([0-9]+):.*OCTET STRING", lines[place + 1])
            return int(match[1]) if match else None
    return None


def exact_match_filter(certificate: x509.Certificate) -> str:
    """CertificateExactMatch by serial and issuer (RFC 4523 2.1, 3.1)."""
    issuer = certificate.issuer.rfc4514_string()
    assertion = f'{{ serialNumber {certificate.serial_number}, issuer rdnSequence:"{issuer}" }}'
    return f"(userCertificate:certificateExactMatch:={assertion})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """Each method runs one tool, shows it, and holds its answer against what should be.

    Files are named relative to the demo's folder, in which the tools run. Every method may raise
    `DemoFailed`.
    """

    tools: Tools
    narrator: Narrator
    addresses: Addresses
    root: Path
    token_ca: Path

    async def chain(self, pem: Path, *, online: bool = True, refused: bool = False) -> None:
        """`openssl verify`; ``online``: with the root's CRL, and those the certificates name."""
        options = ["-x509_strict", "-purpose", "sslclient"]
        if online:
            crl = await self._fetch(self.addresses.crl_root, "proofs/root.crl")
            options += ["-crl_check_all", "-crl_download", "-CRLfile", crl]
        files = ["-CAfile", self._name(self.root), "-untrusted", self._name(self.token_ca)]
        ran = await self.tools.run("openssl", "verify", *options, *files, self._name(pem))
        self.narrator.output(ran.lines)
        if refused:
            ok = ran.code != 0 and "certificate revoked" in ran.said
            self.narrator.expect(ok, expected="certificate revoked", seen=ran.said)
        else:
            self.narrator.expect(ran.code == 0, expected="OK", seen=ran.said)

    async def ocsp_post(self, pem: Path, wanted: Shown, digest: str = "sha256") -> None:
        """`openssl ocsp` by POST, with a nonce."""
        asked = ["-issuer", self._name(self.token_ca), f"-{digest}", "-cert", self._name(pem)]
        trust = ["-CAfile", self._name(self.root)]
        ran = await self.tools.run(
            "openssl", "ocsp", *trust, *asked, "-nonce", "-url", self.addresses.ocsp
        )
        self._check_ocsp(ran, wanted)
        fresh = "no nonce in response" not in ran.err
        self.narrator.expect(fresh, expected="the nonce comes back", seen=ran.said)

    async def ocsp_get(self, pem: Path, wanted: Shown) -> None:
        """The same question by GET with curl; openssl makes the request and reads the answer."""
        asked = ["-issuer", self._name(self.token_ca), "-cert", self._name(pem)]
        trust = ["-CAfile", self._name(self.root)]
        request, answer = "proofs/request.der", "proofs/answer.der"
        made = await self.tools.run("openssl", "ocsp", *asked, "-no_nonce", "-reqout", request)
        self.narrator.expect(made.code == 0, expected="a request", seen=made.said)
        url = get_url(self.addresses.ocsp, (self.tools.directory / request).read_bytes())
        await self._fetch(url, answer)
        ran = await self.tools.run("openssl", "ocsp", *trust, *asked, "-respin", answer)
        self._check_ocsp(ran, wanted)

    async def crl(self, serial: int, wanted: Shown) -> None:
        """The CRL at its address: curl, then `openssl crl -verify` and what it lists."""
        file = await self._fetch(self.addresses.crl_token, "proofs/token-ca.crl")
        check = ["-inform", "DER", "-in", file, "-CAfile", self._name(self.token_ca)]
        ran = await self.tools.run("openssl", "crl", *check, "-verify", "-noout", "-text")
        verdict = [line for line in ran.err.splitlines() if "verify" in line]
        found = crl_extract(ran.out, serial)
        self.narrator.output([*verdict, *found])
        self.narrator.expect("verify OK" in ran.err, expected="verify OK", seen=ran.said[-300:])
        text = " ".join(found)
        seen = Shown.GOOD if f"{serial:X}" not in text else Shown.REVOKED
        if "Certificate Hold" in text:
            seen = Shown.ON_HOLD
        self.narrator.expect(seen is wanted, expected=f"CRL: {wanted.value}", seen=seen.value)

    async def directory(self, query: str, certificate: x509.Certificate) -> None:
        """`ldapsearch` with this filter finds exactly this certificate."""
        base = self.addresses.ldap_base
        where = ["-H", self.addresses.ldap, "-b", base]
        ran = await self.tools.run(
            *("ldapsearch", "-x", "-LLL", "-o", "ldif_wrap=no", *where, query),
            *("cn", "serialNumber", "userCertificate;binary"),
        )
        self.narrator.output([_shortened(line) for line in ran.lines])
        found = [base64.b64decode(each) for each in _CERTIFICATE.findall(ran.out)]
        exact = found == [certificate.public_bytes(Encoding.DER)]
        seen = f"{len(found)} certificates, {ran.said[:300]}"
        self.narrator.expect(exact, expected="exactly this certificate", seen=seen)

    async def not_in_directory(self, certificate: x509.Certificate) -> None:
        """`ldapsearch` does not find this certificate."""
        where = ["-H", self.addresses.ldap, "-b", self.addresses.ldap_base]
        query = f"(uid={certificate.serial_number})"
        ran = await self.tools.run("ldapsearch", "-x", "-LLL", *where, query, "dn")
        nothing = not ran.out.strip() and not ran.code
        self.narrator.expect(nothing, expected="nothing in the directory", seen=ran.said)

    async def uzi_name(self, pem: Path, text: str, upn: str) -> None:
        """`openssl asn1parse` of the subjectAltName shows both names with their string types."""
        whole = await self.tools.run("openssl", "asn1parse", "-in", self._name(pem), quiet=True)
        offset = san_offset(whole.out.splitlines())
        self.narrator.expect(
            offset is not None, expected="a subjectAltName", seen=f"exit {whole.code}, none"
        )
        ran = await self.tools.run(
            "openssl", "asn1parse", "-in", self._name(pem), "-strparse", str(offset)
        )
        self.narrator.output(ran.lines)
        strings = re.findall(r"prim:\s+(\S+)\s+:(\S+)", ran.out)
        wanted = [("UTF8STRING", upn), ("IA5STRING", text)]
        seen = [each for each in strings if each[0].endswith("STRING")]
        self.narrator.expect(seen == wanted, expected=str(wanted), seen=str(seen))

    def _check_ocsp(self, ran: Ran, wanted: Shown) -> None:
        self.narrator.output(ran.lines)
        seen = openssl_status(ran)
        ok = ran.code == 0 and _VERIFIED in ran.err and seen is wanted
        self.narrator.expect(ok, expected=f"{_VERIFIED}, {wanted.value}", seen=ran.said)

    async def _fetch(self, url: str, file: str) -> str:
        ran = await self.tools.run("curl", "-sS", "--fail", "-o", file, url)
        self.narrator.expect(ran.code == 0, expected=f"an answer from {url}", seen=ran.said)
        return file

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.tools.directory))


def _shortened(line: str) -> str:
    name, separator, value = line.partition(":: ")
    if not separator or len(value) <= _SHOWN_BASE64:
        return line
    return f"{name}{separator}{value[:_SHOWN_BASE64]}… ({len(base64.b64decode(value))} octets)"
