"""A slapd as others run it: over TLS and over a socket, with writers that need no password."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from directories.material import BASE
from directories.slapd import SCHEMA, eventually, ldapsearch, tls_lines
from ldap_publish.directory import ClientCertificate
from ldap_publish.slapd import find_slapd
from ldap_publish.slapd_conf import DEBIAN_SCHEMAS
from pki.ports import SystemClock
from strangers.ports import free_port

WRITER = f"cn=writer,{BASE}"


def client(folder: Path, name: str) -> ClientCertificate:
    """A certificate for a client; the server's own key signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .sign(signer, hashes.SHA256())
    )
    assert issuer.not_valid_after_utc > SystemClock().now()
    pem = serialization.Encoding.PEM
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return ClientCertificate(certificate=folder / f"{name}.pem", key=folder / f"{name}.key")


@asynccontextmanager
async def external_slapd(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Over TLS and over a socket; the publisher's certificate and this user may write."""
    (folder / "data").mkdir()
    user = f"gidNumber={os.getgid()}[+]uidNumber={os.getuid()},cn=peercred,cn=external,cn=auth"
    lines = [
        *(f"include {each}" for each in (*DEBIAN_SCHEMAS, SCHEMA)),
        "moduleload back_mdb",
        tls_lines(folder) + f"TLSCACertificateFile {folder}/server.pem",
        "TLSVerifyClient try",
        f'authz-regexp "^cn=publisher$" "{WRITER}"',
        f'authz-regexp "^{user}$" "{WRITER}"',
        *("database mdb", f"suffix {BASE}", f"rootdn {WRITER}", f"directory {folder / 'data'}"),
        "index objectClass,uid,serialNumber,userCertificate eq",
        "access to * by * read",
    ]
    (folder / "slapd.conf").write_text("\n".join([*lines, ""]))
    socket = f"ldapi://{quote(str(folder / 'ldapi'), safe='')}"
    secure = f"ldaps://localhost:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        *(str(find_slapd()), "-f", str(folder / "slapd.conf")),
        *("-h", f"{secure} {socket}", "-d", "0"),
    )

    async def ready() -> bool:
        return (await ldapsearch(socket, "(objectClass=*)", base="")).code == 0

    try:
        await eventually(ready)
        yield secure, socket
    finally:
        process.terminate()
        await process.wait()
