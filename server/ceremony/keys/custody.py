"""The steps of an HSM's backup and restore: keys proven in the token, media handed over."""

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Final

from ca.ceremony.custody import Custody, KeptKey, Medium, MediumForm
from ca.ceremony.plan import PlanKind
from ca.ceremony.reading import invalid
from ca.ceremony.transcript import Kind
from server.ceremony.keys.proofs import proof_message
from server.ceremony.session import CeremonyRefused, Session

_NONCE_OCTETS: Final = 32
_SEAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}")


def prove(session: Session) -> None:
    """Every key of the plan is in the token, is safe there, and signs."""
    for key in _custody(session).keys:
        _prove(session, key)


def backup(session: Session) -> None:
    """The operators make the backup; each medium is named, sealed and handed over."""
    session.both_confirm("the backup was made with the HSM's own tool.")
    _media(session)


def restore(session: Session) -> None:
    """The media are those of the backup; the operators restore from them."""
    _media(session)
    session.both_confirm("the keys were restored with the HSM's own tool.")


def _prove(session: Session, key: KeptKey) -> None:
    held = session.keys.held(key.label)
    public_key = held.signer.public_key
    found = hashlib.sha256(public_key).hexdigest()
    if found != key.public_key_sha256:
        raise CeremonyRefused(
            message=f"key {key.label} of the token is another one: its public key has the SHA-256"
            f" {found}",
            next_step="compare with the report of the ceremony that made the key; trust neither",
        )
    if held.unsafe:
        raise CeremonyRefused(
            message=f"key {key.label} is not as a ceremony makes it: {', '.join(held.unsafe)}",
            next_step="do not use this token; restore into one that keeps keys from leaving",
        )
    nonce = session.entropy.octets(_NONCE_OCTETS)
    message = proof_message(session.ceremony.digest, key.label, nonce)
    signature = asyncio.run(held.signer.sign(message))
    about = {"label": key.label, "id": held.key_id.hex(), "public_key": public_key.hex()}
    proof = {"nonce": nonce.hex(), "signature": signature.hex()}
    algorithm = held.signer.algorithm.value
    session.workspace.append(Kind.PROVEN, {**about, **proof, "algorithm": algorithm})
    session.dialogue.say(f"    {key.label} is there, cannot leave, and signs")


def _media(session: Session) -> None:
    noted = {line.data["medium"] for line in session.workspace.state.of(Kind.MEDIUM)}
    for medium in _custody(session).media:
        if medium.name not in noted:
            _hand_over(session, medium)


def _hand_over(session: Session, medium: Medium) -> None:
    about = {"medium": medium.name, "form": medium.form.value, "holder": medium.holder}
    if session.ceremony.plan.kind is PlanKind.RESTORE:
        about["seal"] = _seal(session, medium)
        about |= _content(session, medium)
        said = f"I kept {medium.name}; its seal {about['seal']} was whole."
    else:
        about |= _content(session, medium)
        about["seal"] = _seal(session, medium)
        said = f"{medium.name}, seal {about['seal']}, is in my keeping."
    session.dialogue.confirm(medium.holder, said)
    session.workspace.append(Kind.MEDIUM, about)


def _seal(session: Session, medium: Medium) -> str:
    while True:
        seal = session.dialogue.ask(f"{medium.name}: number of its seal:")
        if not _SEAL.fullmatch(seal):
            session.dialogue.say("    letters and digits, as they are on the seal")
        elif medium.seal is not None and seal != medium.seal:
            session.dialogue.say(f"    the plan says {medium.seal}: this is another seal")
        else:
            return seal


def _content(session: Session, medium: Medium) -> dict[str, str]:
    if medium.form is MediumForm.FILE:
        return _file(session, medium)
    while session.dialogue.ask(f"{medium.name}: serial number of the device:") != medium.serial:
        session.dialogue.say(f"    the plan says {medium.serial}: this is another device")
    return {"serial": medium.serial or ""}


def _file(session: Session, medium: Medium) -> dict[str, str]:
    while True:
        path = Path(session.dialogue.ask(f"{medium.name}: path of the backup's file:"))
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except OSError as error:
            session.dialogue.say(f"    {path} cannot be read ({error.strerror})")
            continue
        session.dialogue.say(f"    {path.name}, {size} octets\n    SHA-256 {sha256}")
        if size and medium.sha256 in {None, sha256}:
            return {"file": path.name, "sha256": sha256}
        wanted = medium.sha256 or "a file that is not empty"
        session.dialogue.say(f"    the plan says {wanted}: this is another file")


def _custody(session: Session) -> Custody:
    custody = session.ceremony.plan.hsm
    if custody is None:
        raise invalid("hsm", "is missing")
    return custody
