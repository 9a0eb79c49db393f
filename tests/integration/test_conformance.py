"""docs/conformance.md: what strangers make of this installation, each in its own way.

``ZORGID_UPDATE=1`` writes the table anew; otherwise the document is held to it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from conformance.house import SITUATIONS, House, add_generation, furnish
from conformance.libraries import LIBRARIES_BY_CRL, LIBRARIES_BY_OCSP
from conformance.programs import PROGRAMS_BY_CRL, PROGRAMS_BY_OCSP, Client, run
from installed.nursery import Nursery
from installed.practice import Practice
from pki.domain.algorithms import KeyType

pytestmark = [
    pytest.mark.slow,
    pytest.mark.openssl,
    pytest.mark.certtool,
    pytest.mark.java,
    pytest.mark.nss,
    pytest.mark.curl,
]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "conformance.md"
_TABLE: Final = re.compile(r"(?<=<!-- table -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)

BY_OCSP: Final = (*PROGRAMS_BY_OCSP, *LIBRARIES_BY_OCSP)
CLIENTS: Final = (*BY_OCSP, *PROGRAMS_BY_CRL, *LIBRARIES_BY_CRL)

Said = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def house(
    module_practice: Practice, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Two generations of one name, RSA-2048 cards."""
    module_practice.change(('card_profile = "card-p256"', 'card_profile = "card-rsa2048"'))
    add_generation(module_practice)
    made = replace(module_practice, key_type=KeyType.RSA_2048)
    with nursery.serving(made):
        yield furnish(made, tmp_path_factory.mktemp("conformance"))


@pytest.fixture(scope="module")
def said(house: House) -> Said:
    return {client.name: client.told(house) for client in CLIENTS}


def row(client: Client, words: Mapping[str, str]) -> str:
    return " | ".join(
        [f"| {client.name}", *(words[name] for name in SITUATIONS), f"{client.how} |"]
    )


def table(said: Said) -> str:
    head = " | ".join(["| client", *SITUATIONS.values(), "what is run |"])
    line = "|---" * (len(SITUATIONS) + 2) + "|"
    rows = [row(client, said[client.name]) for client in CLIENTS]
    return "\n".join([head, line, *rows, ""])


def test_the_document_says_what_the_clients_say(said: Said) -> None:
    text = DOCUMENT.read_text("utf-8")
    found = _TABLE.search(text)
    assert found is not None
    if os.environ.get("ZORGID_UPDATE") == "1":
        DOCUMENT.write_text(text.replace(found[0], table(said)), "utf-8")
    else:
        assert found[0] == table(said)


@pytest.mark.parametrize("client", [each.name for each in CLIENTS])
def test_nobody_trusts_what_must_not_be_trusted(said: Said, client: str) -> None:
    """Whatever the document says."""
    words = said[client]
    assert (words["good"], words["second"]) == ("good", "good")
    assert words["blocked"] in {"on hold", "revoked"}
    assert (words["revoked"], words["withdrawn"]) == ("revoked", "revoked")
    assert words["late"] in {"revoked", "expired"}
    assert words["expired"] in {"good", "expired"}
    assert words["foreign"] in {"refused", "revoked"}


@pytest.mark.parametrize("client", [each.name for each in BY_OCSP])
def test_by_ocsp_nobody_trusts_what_was_never_issued(said: Said, client: str) -> None:
    assert said[client]["never"] in {"unknown", "refused"}


def test_curl_finds_nothing_stapled(house: House) -> None:
    """Certificates of the Services CA name no OCSP responder: there is nothing to staple."""
    url = f"{house.practice.api_url}/v1/cards"
    words = ("curl", "-sS", "--noproxy", "*", "--cacert", house.root, url)
    assert run(*words).endswith("exit 0")
    assert run(*words, "--cert-status").endswith("exit 91")
