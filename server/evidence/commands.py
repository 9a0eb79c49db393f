"""`zorgid status at` and `zorgid status verify`."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from issuance.statement.at import Question, StatusAt, read_moment, status_at
from issuance.statement.content import TYPE, VERSION, described, statement
from issuance.statement.make import read_facts
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.ports import Clock, SystemClock
from pki.store.reading import ReadStore
from pki.trust.evidence import verify_evidence
from server.evidence.key import open_evidence
from server.files import write_new
from server.generation.roots import root_of
from server.report import Report
from server.roles.keys import read_certificate_file
from server.settings import Settings, load

_WHAT: Final = "status statement"
_DOCUMENTED: Final = "docs/status.md describes what a statement holds"
_MADE_BY: Final = "name a file made by: zorgid status at … --statement FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed."""

    serial: str
    time: str
    issuer: str | None
    statement: Path | None


def show_status_at(config: Path, asked: Asked) -> Report:
    """What held at a time; with ``statement``, signed into a new file too.

    Raises:
        Malformed: a serial, issuer or time of another form, or a time in the future.
        NotFound: a time before the journal begins.
        Conflict: a time so recent that a change of that moment may not be recorded yet.
        ConfigurationInvalid: no evidence key to sign with, or the file exists.
    """
    question = Question(
        serial=SerialNumber.parse(asked.serial),
        at=read_moment(asked.time),
        issuer=None if asked.issuer is None else IssuerId(asked.issuer),
    )
    settings, clock = load(config), SystemClock()
    _require_known(settings, question)
    store, now = ReadStore.open(settings.store.url, threads=1), clock.now()
    try:
        facts = store.read_sync(lambda session: read_facts(session, question, now))
    finally:
        store.close_sync()
    found = status_at(question, facts, now)
    result = described(found)
    lines = _lines(result)
    if asked.statement is not None:
        _sign(settings, found, asked.statement, clock)
        result = result | {"statement": str(asked.statement)}
        root = root_of(
            settings, read_certificate_file(settings.services_ca.certificate)
        ).certificate
        lines += [
            f"signed statement   {asked.statement}",
            f"verify it with: zorgid status verify {asked.statement} --root {root}",
        ]
    return Report(result=result, lines=lines)


def verify_statement(file: Path, roots: Sequence[Path]) -> Report:
    """Verify a statement and show what it says.

    Raises:
        ConfigurationInvalid: a file cannot be read.
        Malformed: not a statement.
        SignatureBroken: it is not to be believed.
    """
    try:
        signed = file.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="file",
            message=f"{file} cannot be read: {error.strerror}",
            next_step=_MADE_BY,
        ) from error
    try:
        found = verify_evidence(signed, tuple(map(read_certificate_file, roots)))
    except Malformed as error:
        message = f"{file} is no signed statement: {error.message}"
        raise Malformed(what=_WHAT, message=message, next_step=_MADE_BY) from error
    content = _content(found.content)
    signer = found.signer.subject.rfc4514
    result = content | {"signed_by": signer, "signed_at": encode_time(found.signed_at)}
    lines = [
        "the statement verifies: signature, signer and chain",
        f"signed by          {signer}",
        f"signed at          {result['signed_at']}",
        *_lines(content),
    ]
    return Report(result=result, lines=lines)


def _require_known(settings: Settings, question: Question) -> None:
    """An issuer that was mistyped would otherwise have issued nothing.

    Raises:
        ConfigurationInvalid: no generation of the configuration has this id.
    """
    ids = [each.id for each in settings.generations]
    if question.issuer is not None and question.issuer.value not in ids:
        raise ConfigurationInvalid(
            key="issuer",
            message=f"no CA of cards or telephones here is called {question.issuer}",
            next_step=f"give one of: {', '.join(ids)}",
        )


def _sign(settings: Settings, found: StatusAt, target: Path, clock: Clock) -> None:
    if settings.evidence is None:
        raise ConfigurationInvalid(
            key="evidence",
            message="the configuration has no section [evidence], so nothing can be signed",
            next_step="name the evidence key there; see zorgid.example.toml",
        )
    key, now = open_evidence(settings, settings.evidence), clock.now()
    signed = asyncio.run(key.sign(statement(found, now), now))
    try:
        write_new(target, signed)
    except FileExistsError as error:
        raise ConfigurationInvalid(
            key="statement",
            message=f"{target} exists already",
            next_step="name a new file: a statement is never replaced",
        ) from error


def _content(octets: bytes) -> dict[str, Any]:
    """The members of a statement.

    Raises:
        Malformed: it is signed, but no statement of this kind and version.
    """
    try:
        content = json.loads(octets)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("type") != TYPE:
        raise Malformed(what=_WHAT, message="no status statement", next_step=_DOCUMENTED)
    if content.get("version") != VERSION:
        raise Malformed(
            what=_WHAT,
            message="a statement of another version than this program knows",
            next_step="verify it with the release that made it, or a newer one",
        )
    return content


def _lines(content: Mapping[str, Any]) -> list[str]:
    answer, journal = content["answer"], content["journal"]
    shown = {
        "installation": f"{content['installation']['kind']}, {content['installation']['id']}",
        "serial": content["serial"],
        "issuer": content["issuer"] or "none of this installation",
        "at": content["at"],
        "status": answer["status"],
        "since": answer["since"],
        "revoked at": answer["revoked_at"],
        "reason": answer["reason"],
        "compromised since": answer["compromised_since"],
        "certificate": _dates(content["certificate"]),
        "its own dates": answer["validity"],
        "OCSP said": answer["ocsp"],
        "CRL": answer["crl"],
        "signatures of then": "to be accepted" if answer["valid"] else "not to be accepted",
        "journal": f"{journal['position']} entries, {journal['digest']}",
    }
    lines = [f"{name:<18} {value}" for name, value in shown.items() if value is not None]
    entries = [
        f"  {each['position']:>8}  {each['at']}  {each['kind']}" for each in content["entries"]
    ]
    return [*lines, *(["journal entries", *entries] if entries else [])]


def _dates(certificate: Mapping[str, Any] | None) -> str | None:
    if certificate is None:
        return None
    return f"{certificate['not_before']} — {certificate['not_after']}"
