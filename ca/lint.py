"""Nothing is signed unseen: every rule is run over the bytes that are about to be signed."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, TypeVar

from ca.issuer import Issuer
from ca.profile import Profile
from ca.rules.of_certificates import CERTIFICATE_RULES, Subject
from ca.rules.of_frames import FRAME_RULES, Frame
from pki.der.certificate import read_certificate
from pki.der.signed import assemble
from pki.domain.errors import LintFailed, Malformed

T = TypeVar("T")

_log = logging.getLogger(__name__)

PLACEHOLDER_SIGNATURE: Final = bytes(256)
"""No signature at all, yet in a signature's place: readers want a whole certificate."""

_REMEMBERED: Final = 4096
_FRAMES: Final = 256
"""Verdicts on frames that are kept: those of a list in parts differ by part."""


class Linted:
    """Remembers which bytes passed their lint, the newest ones, each until they are signed."""

    __slots__ = ("_profiles",)

    def __init__(self) -> None:
        self._profiles: OrderedDict[bytes, Profile] = OrderedDict()

    def remember(self, tbs: bytes, profile: Profile) -> None:
        """These bytes broke no rule of ``profile``."""
        self._profiles[hashlib.sha256(tbs).digest()] = profile
        while len(self._profiles) > _REMEMBERED:
            self._profiles.popitem(last=False)

    def take(self, tbs: bytes, profiles: tuple[Profile, ...]) -> bool:
        """Whether these very bytes passed the lint of one of ``profiles``; true only once."""
        return self._profiles.pop(hashlib.sha256(tbs).digest(), None) in profiles


def findings(tbs: bytes, *, profile: Profile, issuer: Issuer) -> tuple[str, ...]:
    """Every rule that the TBSCertificate breaks, as ``source: what is wrong``."""
    der = assemble(tbs, issuer.algorithm, PLACEHOLDER_SIGNATURE)
    try:
        certificate = read_certificate(der)
    except Malformed as error:
        return (f"RFC 5280 4.1: {error.message}",)
    subject = Subject(certificate=certificate, profile=profile, issuer=issuer)
    return *_frame_findings(Frame.of(subject)), *_broken(CERTIFICATE_RULES, subject)


@lru_cache(maxsize=_FRAMES)
def _frame_findings(frame: Frame) -> tuple[str, ...]:
    """Remembered: a verdict follows from the frame alone, and most certificates share theirs."""
    return _broken(FRAME_RULES, frame)


def _broken(
    rules: Iterable[tuple[str, Callable[[T], Iterator[str]]]], judged: T
) -> tuple[str, ...]:
    found: list[str] = []
    for source, rule in rules:
        try:
            found += [f"{source}: {message}" for message in rule(judged)]
        except Malformed as error:
            found.append(f"{source}: {error.message}")
    return tuple(found)


def check_tbs(tbs: bytes, *, profile: Profile, issuer: Issuer) -> None:
    """Refuse bytes that may not be signed.

    Raises:
        LintFailed: names every rule that they break.
    """
    found = findings(tbs, profile=profile, issuer=issuer)
    if found:
        _log.error(
            "certificate refused by lint",
            extra={"profile": profile.digest, "findings": found},
        )
        raise LintFailed(
            message=f"a certificate of profile {profile.name} would break {len(found)} rule(s)",
            next_step="do not issue; report the findings: a program or a profile is at fault",
            findings=found,
        )
