"""Desired entry and actual entry in, changes out. Pure; nothing is left once it is applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from cryptography import x509

from ldap_publish.entry import CERTIFICATE, OBJECT_CLASS, VERSION, Entry, Keeping, Values

Actual = Mapping[str, tuple[bytes, ...]]
"""What an entry holds, by attribute description in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEntry:
    """Make the entry."""

    entry: Entry

    @property
    def dn(self) -> str:
        """Where."""
        return self.entry.dn


@dataclass(frozen=True, slots=True, kw_only=True)
class AddValues:
    """Add values and leave the others alone."""

    dn: str
    attribute: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceValues:
    """Put these values in the place of all others; with ``version`` only in that of the entry."""

    dn: str
    attribute: str
    values: tuple[bytes, ...]
    version: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteValues:
    """Take these values away and leave the others alone; with ``version`` only from that one."""

    dn: str
    attribute: str
    values: tuple[bytes, ...]
    version: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteEntry:
    """Take the whole entry away; with ``version`` only while it is that one."""

    dn: str
    version: bytes = b""


Change = AddEntry | AddValues | ReplaceValues | DeleteValues | DeleteEntry


def plan_presence(desired: Entry, actual: Actual | None) -> tuple[Change, ...]:
    """What brings the directory from ``actual`` (None: no such entry) to ``desired``."""
    if actual is None:
        return (AddEntry(entry=desired),)
    if desired.foreign:
        return ()
    changes: list[Change] = []
    held = {name.lower() for name in _texts(actual.get(OBJECT_CLASS.lower(), ()))}
    missing = tuple(name.encode() for name in desired.object_classes if name.lower() not in held)
    if missing:
        changes.append(AddValues(dn=desired.dn, attribute=OBJECT_CLASS, values=missing))
    for wanted in desired.attributes:
        change = plan_values(desired.dn, wanted, actual)
        if change is not None:
            changes.append(change)
    return tuple(changes)


def plan_rewrite(desired: Entry, actual: Actual | None) -> tuple[Change, ...]:
    """Write an entry again, whatever it shows; values that others placed in it stay."""
    missing = plan_presence(desired, actual)
    if actual is None or desired.foreign:
        return missing
    again = (
        ReplaceValues(dn=desired.dn, attribute=each.attribute, values=_with_theirs(each, actual))
        for each in desired.attributes
    )
    return (*missing, *again)


def _with_theirs(wanted: Values, actual: Actual) -> tuple[bytes, ...]:
    if wanted.keeping is not Keeping.PRESENT:
        return wanted.values
    held = actual.get(wanted.attribute.lower(), ())
    return (*wanted.values, *(each for each in held if each not in wanted.values))


def plan_values(dn: str, wanted: Values, actual: Actual) -> Change | None:
    """What brings one attribute of an existing entry in line."""
    held = actual.get(wanted.attribute.lower(), ())
    match wanted.keeping:
        case Keeping.EXACT:
            if set(held) == set(wanted.values):
                return None
        case Keeping.PRESENT:
            missing = tuple(value for value in wanted.values if value not in held)
            if not missing:
                return None
            return AddValues(dn=dn, attribute=wanted.attribute, values=missing)
        case Keeping.NEWEST:
            return None if set(held) == set(wanted.values) else plan_again(dn, wanted, actual)
        case _:
            assert_never(wanted.keeping)
    return ReplaceValues(dn=dn, attribute=wanted.attribute, values=wanted.values)


def plan_again(dn: str, wanted: Values, actual: Actual) -> Change | None:
    """Write a CRL again, whatever shows; unless that is a newer one."""
    if _overtaken(wanted, actual.get(wanted.attribute.lower(), ())):
        return None
    version = _version(actual)
    return ReplaceValues(dn=dn, attribute=wanted.attribute, values=wanted.values, version=version)


def _overtaken(wanted: Values, held: tuple[bytes, ...]) -> bool:
    """Whether a CRL with a higher number stands there. Of one number there is but one CRL."""
    (newest,) = wanted.values
    return bool(held) and max(map(crl_number, held)) > crl_number(newest)


def plan_absence(dn: str, certificate: bytes, actual: Actual | None) -> tuple[Change, ...]:
    """What makes this certificate invisible; values that others placed in the entry stay."""
    held = () if actual is None else actual.get(CERTIFICATE.lower(), ())
    if actual is None or certificate not in held:
        return ()
    version = _version(actual)
    if len(held) == 1:
        return (DeleteEntry(dn=dn, version=version),)
    values = (certificate,)
    return (DeleteValues(dn=dn, attribute=CERTIFICATE, values=values, version=version),)


def _version(actual: Actual) -> bytes:
    """Which writing of the entry was read; empty when the server does not say."""
    return next(iter(actual.get(VERSION.lower(), ())), b"")


def crl_number(der: bytes) -> int:
    """The number of a CRL; -1 for what is no numbered CRL, so that any real one is newer."""
    try:
        extensions = x509.load_der_x509_crl(der).extensions
        return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound):
        return -1


def _texts(values: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(value.decode("utf-8", "replace") for value in values)
