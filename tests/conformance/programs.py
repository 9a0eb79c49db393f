"""Programs of relying parties: what each says of a certificate, in one word.

``good``, ``on hold``, ``revoked``, ``unknown``, ``expired``, or ``refused`` for whatever else ends
without trust.
"""

import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.house import Asked, House
from server.demo.telling.tools import environment

Words = Sequence[tuple[str, str]]
ROOT_CRL: Final = "zorg-id-root-ca"


class Client(Protocol):
    """``how`` is what is run, for the document."""

    name: str
    how: str

    def told(self, house: House) -> Mapping[str, str]:
        """One word for each situation of the house."""
        ...


def run(*command: str | Path) -> str:
    """Run a program; its output and errors in one, and its exit code at the end."""
    done = subprocess.run(
        [str(each) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
        env=environment(),
    )
    return f"{done.stdout.decode('utf-8', 'replace')}\nexit {done.returncode}"


def first(words: Words, said: str) -> str:
    """The word of the first pattern that is found."""
    return next((word for pattern, word in words if re.search(pattern, said)), "refused")


class Program(ABC):
    """One command a certificate."""

    name = ""
    how = ""
    words: Words = ()

    @abstractmethod
    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        """What is run for one."""

    def told(self, house: House) -> Mapping[str, str]:
        return {
            name: first(self.words, run(*self.command(house, asked)))
            for name, asked in house.cards.items()
        }


class OpensslOcsp(Program):
    name = "openssl, OCSP"
    how = "`openssl ocsp -issuer … -cert … -url …`"
    words = (
        ("(?s)Response verify OK.*: good", "good"),
        ("(?s)Response verify OK.*Reason: certificateHold", "on hold"),
        ("(?s)Response verify OK.*: revoked", "revoked"),
        ("(?s)Response verify OK.*: unknown", "unknown"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        url = ("-url", house.practice.ocsp_url)
        trust = ("-CAfile", house.root, "-issuer", asked.issuer)
        return "openssl", "ocsp", *trust, "-cert", asked.certificate, *url


class OpensslCrl(Program):
    name = "openssl, CRL"
    how = "`openssl verify -crl_check -crl_download`"
    words = (
        ("certificate revoked", "revoked"),
        ("certificate has expired", "expired"),
        (": OK\n", "good"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        trust = ("-CAfile", house.root, "-untrusted", asked.issuer)
        return "openssl", "verify", *trust, "-crl_check", "-crl_download", asked.certificate


class GnutlsOcsp(Program):
    name = "GnuTLS, OCSP"
    how = "`ocsptool --ask`"
    words = (
        ("(?s)Status: good.*Response: Success", "good"),
        ("(?s)Status: revoked.*Response: Success", "revoked"),
        ("(?s)Status: unknown.*Response: Success", "unknown"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        both = house.file("both.pem", asked.issuer.read_bytes() + house.root.read_bytes())
        return (
            "ocsptool",
            f"--ask={house.practice.ocsp_url}",
            f"--load-cert={asked.certificate}",
            f"--load-issuer={asked.issuer}",
            f"--load-trust={both}",
        )


class GnutlsCrl(Program):
    name = "GnuTLS, CRL"
    how = "`certtool --verify --load-crl`, with the CRLs of Token CA and root"
    words = (
        ("Chain verification output: .*revoked", "revoked"),
        ("Chain verification output: .*expired", "expired"),
        (r"Chain verification output: Verified", "good"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        crls = [x509.load_der_x509_crl(house.crl(each)) for each in (asked.crl, ROOT_CRL)]
        crl = house.file("crls.pem", b"".join(each.public_bytes(Encoding.PEM) for each in crls))
        chain = house.file("chain.pem", asked.certificate.read_bytes() + asked.issuer.read_bytes())
        trust = ("--load-ca-certificate", house.root, "--load-crl", crl)
        return "certtool", "--verify", *trust, "--infile", chain


class Nss(Program):
    """Its certificates stand in a database of their own."""

    def told(self, house: House) -> Mapping[str, str]:
        folder = house.folder / type(self).__name__
        folder.mkdir()
        self.database = f"sql:{folder}"
        run("certutil", "-N", "-d", self.database, "--empty-password")
        issuers = {asked.issuer.stem: asked.issuer for asked in house.cards.values()}
        self._add("root", house.root, "CT,C,C")
        for name, path in issuers.items():
            self._add(name, path, ",,")
        for name, asked in house.cards.items():
            self._add(name, asked.certificate, ",,")
        return super().told(house)

    def _add(self, name: str, path: Path, trust: str) -> None:
        run("certutil", "-A", "-d", self.database, "-n", name, "-t", trust, "-i", path)


class NssOcsp(Nss):
    name = "NSS, OCSP"
    how = "`ocspclnt -S`, which asks where the certificate says"
    words = (
        ("succeeded", "good"),
        ("has been revoked", "revoked"),
        ("no status for the certificate", "unknown"),
        ("has expired", "expired"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        del house
        return "ocspclnt", "-S", asked.name, "-d", self.database


class NssCrl(Nss):
    name = "NSS, CRL"
    how = "`vfychain -pp -g leaf -m crl`, fetched from where the certificate says"
    words = (
        ("Chain is good", "good"),
        ("-8180", "revoked"),
        ("-8181", "expired"),
    )

    def command(self, house: House, asked: Asked) -> Sequence[str | Path]:
        del house
        checks = ("-g", "leaf", "-h", "requireFreshInfo", "-m", "crl", "-s", "failIfNoInfo")
        files = ("-a", asked.certificate, "-a", asked.issuer)
        return "vfychain", "-d", self.database, "-pp", "-u", "0", *checks, *files


PROGRAMS_BY_OCSP: Final[Sequence[Client]] = (OpensslOcsp(), GnutlsOcsp(), NssOcsp())
PROGRAMS_BY_CRL: Final[Sequence[Client]] = (OpensslCrl(), GnutlsCrl(), NssCrl())
