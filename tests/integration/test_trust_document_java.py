"""A registration document that Java signed, as care applications do."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from made.uzi import NOW, Register, der
from peers import program
from pki.domain.errors import Refused
from pki.domain.identifiers import Ura
from registration.documents import URA, Notary

SIGN = Path(__file__).parents[1] / "java" / "Sign.java"


def signed_by_java(notary: Notary, folder: Path) -> bytes:
    key = notary.register.pass_key
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (folder / "document.xml").write_text(notary.content.xml, "utf-8")
    (folder / "key.der").write_bytes(pkcs8)
    (folder / "certificate.der").write_bytes(der(notary.certificate))
    java = program("java")
    assert java is not None
    subprocess.run(
        [java, str(SIGN), "document.xml", "key.der", "certificate.der", "signed.xml"],
        cwd=folder,
        check=True,
        timeout=300,
    )
    return (folder / "signed.xml").read_bytes()


@pytest.mark.java
async def test_java_signs_and_we_believe_it(uzi_register: Register, tmp_path: Path) -> None:
    notary = Notary.of(uzi_register)
    signed = signed_by_java(notary, tmp_path)
    document = await notary.judge.verify_document(signed, NOW)
    assert document.ura == Ura(URA)
    assert document.administrator == der(notary.certificate)
    with pytest.raises(Refused):
        await notary.judge.verify_document(signed.replace(b"Anna", b"Emma"), NOW)
