"""Witnesses: making their keys, signing the transcript with them, checking those signatures."""

import asyncio
import base64
from pathlib import Path
from typing import Any

from ca.ceremony.plan import Plan, Witness
from ca.ceremony.transcript import Kind, witness_message
from ca.ceremony.words import spoken_lines
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.keys.algorithms import generate_private_key
from pki.keys.checked import CheckedSigner
from pki.keys.key_file import PASSPHRASE_MIN, write_private_key
from pki.keys.soft import SoftSigner
from pki.trust.signatures import verify_signature
from server.ceremony.session import Session
from server.ceremony.terminal import Screen
from server.report import Report

_KEY_TYPES = frozenset({KeyType.ED25519, KeyType.P256})


def close(session: Session) -> None:
    """End the transcript and have every witness present sign its last digest."""
    state = session.workspace.state
    if state.end is None:
        files = {each.name: each.sha256 for each in state.files}
        session.workspace.append(Kind.END, {"files": files, "witnesses": list(state.witnesses)})
    end = session.workspace.state.end
    if end is None:
        raise AssertionError
    session.dialogue.say(f"    SHA-256 of the transcript {end.digest}\n")
    for line in spoken_lines(bytes.fromhex(end.digest)):
        session.dialogue.say(f"    {line}")
    session.dialogue.say()
    for witness in session.ceremony.plan.people.witnesses:
        state = session.workspace.state
        if witness.name in state.witnesses and witness.name not in state.signed:
            _sign(session, witness, end.digest)


def make_witness_key(path: Path, name: str, key_type: KeyType, screen: Screen) -> Report:
    """A witness's own key in an encrypted file, and the lines for the plan.

    Raises:
        ConfigurationInvalid: a kind that witnesses do not use, or a short passphrase.
        Conflict: the file exists.
    """
    if key_type not in _KEY_TYPES:
        raise ConfigurationInvalid(
            key="type", message="a witness has a key of type ed25519 or p-256"
        )
    passphrase = screen.read_hidden(f"Passphrase (at least {PASSPHRASE_MIN} characters):")
    if screen.read_hidden("Once more:") != passphrase:
        raise ConfigurationInvalid(
            key="passphrase",
            message="the two passphrases differ",
            next_step="begin again",
        )
    private = generate_private_key(key_type)
    write_private_key(path, private, passphrase.encode())
    text = base64.b64encode(SoftSigner(private).public_key).decode()
    lines = ["[[people.witnesses]]", f'name = "{name}"', f'public_key = "{text}"']
    return Report(result={"name": name, "public_key": text}, lines=lines)


def signature_problem(plan: Plan, data: dict[str, Any], digest: str) -> str | None:
    """Why a ``signature`` line does not count, or None."""
    name = data.get("witness")
    witness = next((each for each in plan.people.witnesses if each.name == name), None)
    if witness is None:
        return f"{name} is no witness of the plan"
    try:
        holds = verify_signature(
            witness.spki,
            SignatureAlgorithm(data["algorithm"]),
            witness_message(digest),
            bytes.fromhex(data["signature"]),
        )
    except (Malformed, ValueError, KeyError, TypeError):
        holds = False
    return None if holds else f"the signature of {name} does not verify"


def _sign(session: Session, witness: Witness, digest: str) -> None:
    signer = None
    while signer is None:
        path = session.dialogue.ask(f"{witness.name}: path of your key file:")
        passphrase = session.dialogue.ask_hidden(f"{witness.name}: passphrase:")
        try:
            signer = CheckedSigner(SoftSigner.load(Path(path), passphrase.encode()))
        except ConfigurationInvalid as error:
            session.dialogue.say(f"    {error.message}")
            continue
        if signer.public_key != witness.spki:
            session.dialogue.say(f"    this is not the key that the plan names for {witness.name}")
            signer = None
    signature = asyncio.run(signer.sign(witness_message(digest)))
    session.workspace.append(
        Kind.SIGNATURE,
        {
            "witness": witness.name,
            "algorithm": signer.algorithm.value,
            "signature": signature.hex(),
        },
    )
    session.dialogue.say(f"    signed by {witness.name}")
