"""A CA with one card, once with an RSA key and once with P-256."""

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from der_authority import CA_NAME, CARD, CARD_NAME, NOW, Authority, Key, certify, run
from pki.domain.identifiers import SerialNumber


@pytest.fixture(scope="module", params=["rsa-2048", "p-256"])
def der_ca(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key: Key = ec.generate_private_key(ec.SECP256R1())
    if request.param == "rsa-2048":
        key = rsa.generate_private_key(65537, 2048)
    card_key = ec.generate_private_key(ec.SECP256R1())
    folder = tmp_path_factory.mktemp("foreign")
    certificate = certify(
        key, key, SerialNumber(1), CA_NAME, datetime(2051, 1, 1, tzinfo=NOW.tzinfo)
    )
    card = certify(key, card_key, CARD, CARD_NAME, NOW + timedelta(days=1000))
    (folder / "ca.der").write_bytes(certificate.der)
    (folder / "card.der").write_bytes(card.der)
    for name in ("ca", "card"):
        run(folder, "openssl", "x509", "-in", f"{name}.der", "-out", f"{name}.pem")
    return Authority(
        key=key,
        algorithm=certificate.content.algorithm,
        name=CA_NAME,
        folder=folder,
        certificate=certificate,
        card=card,
    )
