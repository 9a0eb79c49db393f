"""The rehearsal: everything that will be signed, made and linted with a throw-away key."""

import asyncio

from ca.ceremony.describe import Fields, crl_fields
from ca.ceremony.links import link_fields, prepare_link
from ca.ceremony.making import (
    Rehearsal,
    prepare_certificate,
    prepare_plan_crl,
    prepare_root,
    prepared_fields,
    throw_away_ca,
    unsigned_crl,
)
from ca.ceremony.plan import NewKey, PlanKind
from ca.ceremony.reading import invalid
from ca.issuer import Issuer
from ca.practice import Moment, make_root
from ca.prepare import Prepared
from pki.domain.algorithms import KeyType
from pki.keys.algorithms import generate_private_key
from pki.keys.soft import SoftSigner
from server.ceremony.loading import Ceremony

CERTIFICATE = "Certificate"
CRL = "Revocation list"
KEYS = "Keys in the token, SHA-256 of each public key"
MEDIA = "Media of the backup"


def throw_away(key_type: KeyType) -> SoftSigner:
    """A key that is kept nowhere."""
    return SoftSigner(generate_private_key(key_type))


def rehearse(ceremony: Ceremony, moment: Moment) -> Rehearsal:
    """What this plan will make; every certificate passed the lint, every CRL the succession.

    Raises:
        ConfigurationInvalid, KeyRejected, Refused, LintFailed, …: it would not be made.
    """
    return Rehearsal(parts=asyncio.run(_parts(ceremony, moment)))


def prepare_planned(ceremony: Ceremony, moment: Moment) -> tuple[Prepared, Fields]:
    """The certificate that the plan's issuer is to sign, and what people read of it.

    Raises:
        ConfigurationInvalid, KeyRejected, Refused, LintFailed, …: it may not be signed.
    """
    issuer, profile = ceremony.issuer(), ceremony.profile()
    if ceremony.plan.link is None:
        prepared = prepare_certificate(profile, ceremony.request().public_key, issuer, moment)
        return prepared, prepared_fields(prepared, issuer.algorithm)
    linked = ceremony.linked_certificate()
    prepared = prepare_link(profile, linked, issuer, moment)
    fields = prepared_fields(prepared, issuer.algorithm)
    return prepared, (*link_fields(linked, issuer), *fields)


async def _parts(ceremony: Ceremony, moment: Moment) -> dict[str, Fields]:
    match ceremony.plan.kind:
        case PlanKind.ROOT:
            return await _root(ceremony, moment)
        case PlanKind.KEY:
            return {CERTIFICATE: await _future(ceremony, moment)}
        case PlanKind.CERTIFICATE | PlanKind.LINK:
            return {CERTIFICATE: prepare_planned(ceremony, moment)[1]}
        case PlanKind.CRL:
            return {CRL: _crl(ceremony, ceremony.issuer(), moment)}
        case PlanKind.BACKUP | PlanKind.RESTORE:
            hsm = ceremony.plan.hsm
            return {} if hsm is None else {KEYS: hsm.key_fields, MEDIA: hsm.media_fields}
        case PlanKind.DESTRUCTION:
            return {}


async def _root(ceremony: Ceremony, moment: Moment) -> dict[str, Fields]:
    profile = ceremony.profile()
    signer = throw_away(_key(ceremony).type)
    prepared = prepare_root(profile, signer, moment)
    ca = await make_root(profile, signer=signer, moment=moment)
    return {
        CERTIFICATE: prepared_fields(prepared, signer.algorithm),
        CRL: _crl(ceremony, ca.issuer, moment),
    }


async def _future(ceremony: Ceremony, moment: Moment) -> Fields:
    """The certificate that this key is for, under throw-away issuers."""
    profile = ceremony.profile()
    above = ceremony.profiles[profile.issuer]
    ca = await throw_away_ca(above, ceremony.profiles, throw_away, moment)
    public_key = throw_away(_key(ceremony).type).public_key
    prepared = prepare_certificate(profile, public_key, ca.issuer, moment)
    return prepared_fields(prepared, ca.signer.algorithm)


def _crl(ceremony: Ceremony, issuer: Issuer, moment: Moment) -> Fields:
    if ceremony.plan.crl is None:
        raise invalid("crl", "is missing")
    tbs = prepare_plan_crl(ceremony.plan.crl, issuer, moment)
    crl = unsigned_crl(tbs, issuer.algorithm)
    ceremony.check_succession(crl)
    return crl_fields(crl)


def _key(ceremony: Ceremony) -> NewKey:
    if ceremony.plan.key is None:
        raise invalid("key", "is missing")
    return ceremony.plan.key
