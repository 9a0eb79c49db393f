"""Verifying a ceremony offline: its plan, transcript, signatures, and all that it made."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from ca.ceremony.links import link_window
from ca.ceremony.making import issuer_profile
from ca.ceremony.outputs import Role, outputs
from ca.ceremony.plan import Plan, PlanKind
from ca.ceremony.state import MadeFile, State
from ca.ceremony.steps import Action, steps_of
from ca.ceremony.transcript import Kind, Line, read_lines
from ca.issuer import Issuer
from ca.lint import findings
from pki.api.fields import from_pem
from pki.der.certificate import Certificate, read_certificate
from pki.der.crl import read_crl
from pki.domain.errors import ZorgidError
from pki.domain.event_codec import decode_time
from pki.trust.proofs import verify_pkcs10
from server.ceremony.keys.proofs import custody_findings
from server.ceremony.loading import Ceremony
from server.ceremony.witnesses import signature_problem

_SECRET_ROLES = frozenset({Role.KEY.name.lower()})


@dataclass(slots=True, kw_only=True)
class Examined:
    """What does not hold, and what does."""

    wrong: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)

    def take(self, what: str, problems: Iterable[str]) -> None:
        """Note one check: each of its problems, or that it holds."""
        found = list(problems)
        self.wrong += found
        if not found:
            self.good.append(what)


def examine(ceremony: Ceremony, transcript: bytes) -> Examined:
    """Every check; a broken chain ends it, since nothing after it can be believed.

    Raises:
        ChainBroken: names the first line that was changed, removed, moved or cut off.
    """
    found = Examined()
    state = State(lines=read_lines(transcript))
    found.good.append(f"the chain of {len(state.lines)} lines")
    found.take("plan and profiles are those of the transcript", _plan_problems(ceremony, state))
    found.take("two operators confirmed the words", _people_problems(ceremony, state))
    found.take("the hours", _time_problems(ceremony.plan, state))
    found.take("every step of the plan, in order", _step_problems(ceremony.plan, state))
    found.take("the witnesses' signatures", _signature_problems(ceremony.plan, state))
    for each in state.files:
        if each.role in _SECRET_ROLES and not (ceremony.folder / each.name).exists():
            found.good.append(f"{each.name} is a private key and is not here")
        else:
            found.take(f"{each.name} is what was made", _file_problems(ceremony, each))
    if ceremony.plan.hsm is not None:
        held = custody_findings(ceremony.plan.hsm, ceremony.digest, state)
        found.take("the keys' proofs and the backup's media", held)
    found.take("certificates and lists", _content_problems(ceremony, state))
    return found


def _plan_problems(ceremony: Ceremony, state: State) -> Iterator[str]:
    first = state.lines[0]
    wanted = {"plan": ceremony.plan.sha256, "digest": ceremony.digest.hex()}
    if first.kind != Kind.BEGIN:
        yield "the transcript does not begin"
        return
    for name, value in wanted.items():
        if first.data.get(name) != value:
            yield f"the transcript is of another {name} than this"
    if first.data.get("practice") is not ceremony.plan.practice:
        yield "practice and the real thing are mixed"


def _people_problems(ceremony: Ceremony, state: State) -> Iterator[str]:
    digest = ceremony.digest.hex()
    lines = [line.data for line in state.of(Kind.CONFIRMED)]
    confirmed = {data.get("who") for data in lines if data.get("digest") == digest}
    for name in ceremony.plan.people.operators:
        if name not in confirmed:
            yield f"{name} did not confirm the words of the plan"


def _time_problems(plan: Plan, state: State) -> Iterator[str]:
    times = [decode_time(line.at) for line in state.lines]
    if not plan.window.start <= times[0] <= plan.window.end:
        yield "it was begun outside the plan's hours"
    for line, (before, after) in zip(state.lines[1:], pairwise(times), strict=True):
        if after < before:
            yield f"line {line.n} is older than the one before it"


def _step_problems(plan: Plan, state: State) -> Iterator[str]:
    wanted = tuple(step.id for step in steps_of(plan) if step.action is not Action.CLOSE)
    if state.done != wanted:
        yield f"steps {', '.join(state.done)} were done, not {', '.join(wanted)}"
    if state.end is None:
        yield "the ceremony was not finished"
        return
    after = state.lines[state.end.n :]
    yield from (
        f"line {line.n} stands after the end" for line in after if line.kind != Kind.SIGNATURE
    )
    if {each.name: each.sha256 for each in state.files} != state.end.data.get("files"):
        yield "the end names other files than were made"
    target, destroyed = plan.destroy, state.last(Kind.DESTROYED)
    if target is not None and (destroyed is None or destroyed.get("sha256") != target.sha256):
        yield "the key that the plan names was not destroyed"
    planned = set(outputs(plan).values())
    if {each.name for each in state.files} != planned:
        yield "the files are not those of the plan"


def _signature_problems(plan: Plan, state: State) -> Iterator[str]:
    if state.end is None:
        yield "nothing was signed: the ceremony was not finished"
        return
    valid: set[str] = set()
    for line in state.of(Kind.SIGNATURE):
        problem = signature_problem(plan, dict(line.data), state.end.digest)
        if problem:
            yield f"line {line.n}: {problem}"
        else:
            valid.add(line.data["witness"])
    for name in state.end.data.get("witnesses", []):
        if name not in valid:
            yield f"{name} was present and did not sign"
    if len(valid) < plan.people.witnesses_needed:
        yield f"{len(valid)} witnesses signed, {plan.people.witnesses_needed} are needed"


def _file_problems(ceremony: Ceremony, made: MadeFile) -> Iterator[str]:
    path = ceremony.folder / made.name
    if not path.is_file():
        yield f"{made.name} is missing"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != made.sha256:
        yield f"{made.name} was changed"


def _content_problems(ceremony: Ceremony, state: State) -> Iterator[str]:
    try:
        yield from _contents(ceremony, state)
    except (ZorgidError, OSError, ValueError, TypeError, InvalidSignature) as error:
        yield f"a result cannot be verified: {error}"


def _contents(ceremony: Ceremony, state: State) -> Iterator[str]:
    certificate = _made(ceremony, state, Role.CERTIFICATE)
    request, crl = _made(ceremony, state, Role.REQUEST), _made(ceremony, state, Role.CRL)
    is_root = ceremony.plan.kind is PlanKind.ROOT
    if request is not None:
        key = verify_pkcs10(from_pem(request.decode("ascii"), "CERTIFICATE REQUEST"))
        yield from _key_problems(state, key.public_key)
    if certificate is not None:
        der = from_pem(certificate.decode("ascii"))
        issuer = der if is_root else ceremony.issuer_certificate()
        yield from _certificate_problems(ceremony, der, issuer)
        if is_root:
            yield from _key_problems(state, read_certificate(der).content.public_key)
            yield from _crl_problems(crl, der)
    elif crl is not None:
        yield from _crl_problems(crl, ceremony.issuer_certificate())
        ceremony.check_succession(read_crl(crl))


def _certificate_problems(ceremony: Ceremony, der: bytes, issuer_der: bytes) -> Iterator[str]:
    above = load_der_x509_certificate(issuer_der)
    load_der_x509_certificate(der).verify_directly_issued_by(above)
    certificate = read_certificate(der)
    profile = ceremony.profile()
    if der == issuer_der:
        issuer = Issuer.of_new_root(
            profile,
            public_key=certificate.content.public_key,
            algorithm=certificate.content.algorithm,
        )
    else:
        issuer = Issuer.of_certificate(
            issuer_der,
            profile=issuer_profile(ceremony.profiles, issuer_der),
            algorithm=certificate.content.algorithm,
        )
        yield from _subject_problems(ceremony, certificate, issuer)
    yield from findings(certificate.tbs, profile=profile, issuer=issuer)


def _subject_problems(
    ceremony: Ceremony, certificate: Certificate, issuer: Issuer
) -> Iterator[str]:
    content = certificate.content
    if ceremony.plan.link is None:
        if content.public_key != ceremony.request().public_key:
            yield "the certificate is of another key than was requested"
        return
    linked = read_certificate(ceremony.linked_certificate())
    if content.public_key != linked.content.public_key:
        yield "the link is of another key than that of the root that the plan names"
    life = link_window(linked, issuer)
    if (content.not_before, content.not_after) != (life.not_before, life.not_after):
        yield "the link's life is not what follows from the two roots"


def _crl_problems(crl: bytes | None, issuer_der: bytes) -> Iterator[str]:
    key = load_der_x509_certificate(issuer_der).public_key()
    if crl is None:
        yield "there is no CRL"
    elif not load_der_x509_crl(crl).is_signature_valid(key):  # type: ignore[arg-type] # else TypeError
        yield "the CRL's signature does not verify"


def _key_problems(state: State, public_key: bytes) -> Iterator[str]:
    made: Iterable[Line] = state.of(Kind.MADE)
    keys = {line.data["public_key"] for line in made if "public_key" in line.data}
    if keys != {public_key.hex()}:
        yield "the result is of another key than the ceremony made"


def _made(ceremony: Ceremony, state: State, role: Role) -> bytes | None:
    made: Mapping[str, MadeFile] = {each.role: each for each in state.files}
    each = made.get(role.name.lower())
    return None if each is None else (ceremony.folder / each.name).read_bytes()
