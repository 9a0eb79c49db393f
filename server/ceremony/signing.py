"""The steps that make something: key, request, certificates, revocation list; and destruction."""

import asyncio
import hashlib

from ca.ceremony.describe import Fields, crl_fields, shape
from ca.ceremony.making import (
    issuer_profile,
    prepare_plan_crl,
    prepare_root,
    prepared_fields,
    sign_request,
    unsigned_crl,
)
from ca.ceremony.outputs import Role, outputs
from ca.ceremony.reading import invalid
from ca.ceremony.transcript import Kind
from ca.issuer import Issuer
from ca.sign import sign_certificate, sign_crl
from pki.api.fields import from_pem, to_pem
from pki.domain.errors import IntegrityBroken
from pki.trust.proofs import verify_pkcs10
from server.ceremony.rehearsal import CERTIFICATE, CRL, prepare_planned
from server.ceremony.session import Session


def key(session: Session) -> None:
    """A new key."""
    if _made(session, Role.KEY) or session.workspace.state.last(Kind.MADE) is not None:
        return
    new = session.new_key
    session.both_confirm(f"make the key {new.name}, {new.type.value}.")
    session.signer = session.keys.make(new)


def request(session: Session) -> None:
    """The PKCS#10 request of the new key, verified before it leaves."""
    if _made(session, Role.REQUEST):
        return
    signer = session.new_signer()
    der = asyncio.run(sign_request(session.ceremony.profile(), signer))
    if verify_pkcs10(der).public_key != signer.public_key:
        raise IntegrityBroken(message="the request holds another key than the one that was made")
    _keep(session, Role.REQUEST, to_pem(der, "CERTIFICATE REQUEST").encode(), der)


def root_certificate(session: Session) -> None:
    """The root signs itself."""
    if _made(session, Role.CERTIFICATE):
        return
    signer = session.new_signer()
    prepared = prepare_root(session.ceremony.profile(), signer, session.moment)
    _show(session, CERTIFICATE, prepared_fields(prepared, signer.algorithm))
    der = asyncio.run(sign_certificate(prepared.tbs, signer=signer, issuer_certificate=None))
    _keep(session, Role.CERTIFICATE, to_pem(der).encode(), der)


def certificate(session: Session) -> None:
    """The issuing CA signs what was requested, or the other root's key."""
    if _made(session, Role.CERTIFICATE):
        return
    ceremony = session.ceremony
    signer = session.issuing_signer()
    prepared, fields = prepare_planned(ceremony, session.moment)
    _show(session, CERTIFICATE, fields)
    der = asyncio.run(
        sign_certificate(
            prepared.tbs, signer=signer, issuer_certificate=ceremony.issuer_certificate()
        )
    )
    _keep(session, Role.CERTIFICATE, to_pem(der).encode(), der)


def revocation_list(session: Session) -> None:
    """The CA signs its revocation list."""
    if _made(session, Role.CRL):
        return
    planned = session.ceremony.plan.crl
    if planned is None:
        raise invalid("crl", "is missing")
    signer = session.issuing_signer()
    own = _issuer_certificate(session)
    profile = issuer_profile(session.ceremony.profiles, own)
    issuer = Issuer.of_certificate(own, profile=profile, algorithm=signer.algorithm)
    tbs = prepare_plan_crl(planned, issuer, session.moment)
    crl = unsigned_crl(tbs, issuer.algorithm)
    session.ceremony.check_succession(crl)
    _show(session, CRL, crl_fields(crl))
    der = asyncio.run(sign_crl(tbs, signer=signer, issuer_certificate=own))
    _keep(session, Role.CRL, der, der)


def destroy(session: Session) -> None:
    """A key goes for good."""
    target = session.ceremony.plan.destroy
    if target is None:
        raise invalid("destroy", "is missing")
    if session.workspace.state.last(Kind.DESTROYED) is not None:
        return
    session.dialogue.say(f"    reason: {target.reason}")
    session.both_confirm(f"destroy the key {target.name} of {target.folder} for good.")
    session.keys.destroy(target)


def _issuer_certificate(session: Session) -> bytes:
    if session.ceremony.plan.issuer is not None:
        return session.ceremony.issuer_certificate()
    made = session.workspace.state.file(Role.CERTIFICATE.name.lower())
    if made is None:
        raise IntegrityBroken(message="the root's certificate was not made")
    return from_pem(session.workspace.path(made.name).read_text("ascii"))


def _show(session: Session, part: str, fields: Fields) -> None:
    """Show what will be signed, hold it against the rehearsal, and have both confirm it."""
    session.dialogue.say(f"\n  {part}")
    session.dialogue.table(fields)
    session.dialogue.say()
    rehearsed = session.workspace.state.last(Kind.REHEARSED)
    if rehearsed is None or rehearsed["shapes"].get(part) != shape(fields):
        raise IntegrityBroken(
            message=f"the {part.lower()} is not what was rehearsed; nothing was signed",
            next_step="stop; compare the fields above with the script",
        )
    session.both_confirm("sign exactly this.")


def _made(session: Session, role: Role) -> bool:
    return session.workspace.state.file(role.name.lower()) is not None


def _keep(session: Session, role: Role, octets: bytes, der: bytes) -> None:
    """Give the result its file, and say its digest."""
    name = outputs(session.ceremony.plan)[role]
    draft = session.workspace.write_draft(role, name, octets)
    digest = der_sha256(der)
    session.workspace.commit([draft], der_sha256=digest)
    session.dialogue.say(f"    {name}\n    SHA-256 (DER) {digest}")


def der_sha256(der: bytes) -> str:
    """The digest that plans name."""
    return hashlib.sha256(der).hexdigest()
