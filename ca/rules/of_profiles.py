"""What a profile may say: RFC 5280, RFC 6960 and this sector, checked when it is loaded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ca.profile import (
    CA_KINDS,
    ROOT_KINDS,
    AlternativeName,
    CertificateKind,
    ExtendedKeyUsage,
    KeyUsage,
    NameField,
    PolicyRule,
    Profile,
)
from ca.rules.of_profile_keys import KEY_RULES
from ca.settings import CaSettings, http_url_problem, is_oid, name_problem
from ca.validity import Period

URL_CHARACTERS_MAX: Final = {"ocsp_url": 70, "ca_issuers_url": 120, "crl_url": 120}
"""An OCSP request with SHA-256 takes up to 184 characters of the 255 that a GET may have."""
NOTICE_CHARACTERS_MAX: Final = 200
_BACKDATE_SECONDS_MAX: Final = 300
_DAYS_A_YEAR: Final = 366
_PATHS: Final = {CertificateKind.ROOT: 2, CertificateKind.LINK: 1, CertificateKind.ISSUING_CA: 0}
"""A root's leaves room for a link: GnuTLS counts self-issued certificates (RFC 5280 does not)."""
_ANY_POLICY: Final = "2.5.29.32.0"
_CA_SUBJECT: Final = (NameField.COUNTRY, NameField.ORGANISATION, NameField.COMMON_NAME)
_CARD_SUBJECT: Final = (
    *_CA_SUBJECT[:2],
    NameField.SURNAME,
    NameField.GIVEN_NAMES,
    NameField.SERIAL_NUMBER,
    NameField.COMMON_NAME,
)
_MOBIEL_SUBJECT: Final = (NameField.COUNTRY, NameField.SERIAL_NUMBER, NameField.COMMON_NAME)
"""A telephone shows it to whoever it connects to: who it is, and no more."""
_CARD_PURPOSES: Final = frozenset({ExtendedKeyUsage.CLIENT_AUTH, ExtendedKeyUsage.DOCUMENT_SIGNING})
_SUBJECTS: Final = {
    CertificateKind.CARD: _CARD_SUBJECT,
    CertificateKind.MOBIEL: _MOBIEL_SUBJECT,
}
_CARD_PURPOSES_MORE: Final = frozenset(
    {ExtendedKeyUsage.EMAIL_PROTECTION, ExtendedKeyUsage.SMARTCARD_LOGON}
)
_ONE_PURPOSE: Final = {
    CertificateKind.OCSP_RESPONDER: frozenset({ExtendedKeyUsage.OCSP_SIGNING}),
    CertificateKind.TLS_SERVER: frozenset({ExtendedKeyUsage.SERVER_AUTH}),
    CertificateKind.TLS_CLIENT: frozenset({ExtendedKeyUsage.CLIENT_AUTH}),
    CertificateKind.MOBIEL: frozenset({ExtendedKeyUsage.CLIENT_AUTH}),
}
_OF_PEOPLE: Final = frozenset({CertificateKind.CARD, CertificateKind.MOBIEL})
_LONGEST_DAYS: Final = {
    **dict.fromkeys(ROOT_KINDS, 25 * _DAYS_A_YEAR),
    CertificateKind.ISSUING_CA: 12 * _DAYS_A_YEAR,
    CertificateKind.OCSP_RESPONDER: 30,
    CertificateKind.TLS_SERVER: 398,
    CertificateKind.TLS_CLIENT: 3 * _DAYS_A_YEAR,
    CertificateKind.MOBIEL: 3 * _DAYS_A_YEAR,
    CertificateKind.EVIDENCE: 10 * _DAYS_A_YEAR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A rule that a profile breaks: the key at fault, what is wrong, which clause says so."""

    key: str
    message: str
    source: str


_Rule = Callable[[Profile, CaSettings], Iterator[tuple[str, str]]]


def profile_problems(profile: Profile, *, settings: CaSettings) -> Iterator[Problem]:
    """Every rule that the profile breaks, worst first."""
    for source, rule in _RULES:
        for key, message in rule(profile, settings):
            yield Problem(key=key, message=message, source=source)


def _ca_or_not(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    is_ca = profile.kind in CA_KINDS
    extensions = profile.extensions
    if extensions.ca is not is_ca:
        yield "extensions.ca", f"must be {str(is_ca).lower()} for {profile.kind.value}"
    if (KeyUsage.KEY_CERT_SIGN in extensions.key_usage) is not is_ca:
        yield "extensions.key_usage", "keyCertSign belongs to a CA, and to every CA"
    if KeyUsage.CRL_SIGN in extensions.key_usage and not is_ca:
        yield "extensions.key_usage", "cRLSign belongs to a CA alone"
    if bool(profile.issues) is not is_ca:
        yield "issues", "says what a CA issues; every CA has it and nothing else does"


def _path_length(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    wanted = _PATHS.get(profile.kind)
    if profile.extensions.path_length != wanted:
        yield "extensions.path_length", f"must be {wanted} for {profile.kind.value}"


def _key_usage(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    found = profile.extensions.key_usage
    if profile.kind in CA_KINDS:
        wanted = {KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN}
    elif profile.kind is CertificateKind.EVIDENCE:
        wanted = {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}
    else:
        wanted = {KeyUsage.DIGITAL_SIGNATURE}
    if len(found) != len(set(found)) or not found or not wanted.issuperset(found):
        names = ", ".join(sorted(each.value for each in wanted))
        yield "extensions.key_usage", f"may hold {names} and nothing else, each once"
    elif profile.kind is not CertificateKind.EVIDENCE and wanted != set(found):
        yield "extensions.key_usage", "is not complete"


def _purposes(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    found = profile.extensions.extended_key_usage
    purposes = frozenset(found)
    key = "extensions.extended_key_usage"
    if len(purposes) != len(found):
        yield key, "names a purpose twice"
    if profile.kind is CertificateKind.CARD:
        if not _CARD_PURPOSES <= purposes <= _CARD_PURPOSES | _CARD_PURPOSES_MORE:
            yield (
                key,
                f"a card has {_names(_CARD_PURPOSES)}; {_names(_CARD_PURPOSES_MORE)} may join",
            )
    elif profile.kind is CertificateKind.ISSUING_CA:
        if found and ExtendedKeyUsage.OCSP_SIGNING not in purposes:
            yield key, "must name OCSPSigning when it names any: Windows nests purposes"
    elif purposes != _ONE_PURPOSE.get(profile.kind, frozenset()):
        wanted = _names(_ONE_PURPOSE.get(profile.kind, frozenset())) or "no purpose"
        yield key, f"{profile.kind.value} has {wanted} and nothing else"


def _names(purposes: frozenset[ExtendedKeyUsage]) -> str:
    return " and ".join(sorted(each.value for each in purposes))


def _no_check(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    if profile.extensions.ocsp_nocheck is not (profile.kind is CertificateKind.OCSP_RESPONDER):
        yield "extensions.ocsp_nocheck", "belongs to an OCSP responder, and to every one"


def _where_to_ask(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    extensions = profile.extensions
    urls = {
        "ocsp_url": extensions.ocsp_url,
        "ca_issuers_url": extensions.ca_issuers_url,
        "crl_url": extensions.crl_url,
    }
    none = profile.kind in {CertificateKind.ROOT, CertificateKind.OCSP_RESPONDER}
    for name, url in urls.items():
        if none and url is not None:
            yield f"extensions.{name}", f"{profile.kind.value} has none"
    free = none or profile.kind is CertificateKind.LINK
    needed = set() if free else {"ca_issuers_url", "crl_url"}
    needed |= {"ocsp_url"} if profile.kind in _OF_PEOPLE else set()
    for name in sorted(needed):
        if urls[name] is None:
            yield (
                f"extensions.{name}",
                f"{profile.kind.value} needs one, or clients cannot check it",
            )


def _urls(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    extensions = profile.extensions
    for name, limit in URL_CHARACTERS_MAX.items():
        url: str | None = getattr(extensions, name)
        if url is None:
            continue
        if problem := http_url_problem(url):
            yield f"extensions.{name}", problem
        if len(url) > limit:
            yield f"extensions.{name}", f"is longer than {limit} characters"


def _lists(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    """What is published depends on the configuration, which puts these into the card's profile."""
    if profile.extensions.crl_parts:
        yield "extensions.crl_parts", "comes from the setting token_ca.crl_parts"
    if profile.extensions.crl_deltas:
        yield "extensions.crl_deltas", "comes from the setting crl.delta_in_cards"


def _policies(profile: Profile, settings: CaSettings) -> Iterator[tuple[str, str]]:
    policies = profile.extensions.policies
    key = "extensions.policies"
    if profile.kind is CertificateKind.ROOT and policies:
        yield key, "a root has none"
    if profile.kind in {*_OF_PEOPLE, CertificateKind.OCSP_RESPONDER} and not policies:
        yield key, f"{profile.kind.value} needs one"
    if len({policy.oid for policy in policies}) != len(policies):
        yield key, "names a policy twice"
    if profile.kind is CertificateKind.LINK:
        if [policy.oid for policy in policies] != [_ANY_POLICY]:
            yield key, f"a link has {_ANY_POLICY} alone: without it no policy of a card is valid"
        return
    yield from _policy_texts(policies, settings, key)


def _policy_texts(
    policies: tuple[PolicyRule, ...], settings: CaSettings, key: str
) -> Iterator[tuple[str, str]]:
    for policy in policies:
        if not is_oid(policy.oid) or not policy.oid.startswith(f"{settings.oid_arc}."):
            yield key, f"{policy.oid} is not under the operator's own arc"
        if policy.cps is not None and (
            problem := http_url_problem(policy.cps, schemes=("http", "https"))
        ):
            yield key, f"cps {problem}"
        if policy.notice is not None and not _is_notice(policy.notice):
            yield key, f"notice must have 1 to {NOTICE_CHARACTERS_MAX} visible characters"


def _alternative_name(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    wanted = {
        CertificateKind.CARD: AlternativeName.UZI,
        CertificateKind.TLS_SERVER: AlternativeName.HOSTS,
    }.get(profile.kind, AlternativeName.NONE)
    if profile.extensions.alternative_name is not wanted:
        yield "extensions.alternative_name", f"must be {wanted.value} for {profile.kind.value}"


def _subject(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    subject = profile.subject
    wanted = _SUBJECTS.get(profile.kind, _CA_SUBJECT)
    if subject.order != wanted:
        names = ", ".join(each.value for each in wanted)
        yield "subject.order", f"must be {names}, in this order"
    if subject.fixed.get(NameField.COUNTRY) != "NL":
        yield "subject.fixed.C", "must be NL"
    if profile.kind in _OF_PEOPLE and set(subject.fixed) != {NameField.COUNTRY}:
        yield "subject.fixed", "a person's names come from their record or UZI pass, C excepted"
    needed = {NameField.ORGANISATION, NameField.COMMON_NAME}
    if profile.kind in CA_KINDS and not needed <= set(subject.fixed):
        yield "subject.fixed", "a CA has its whole name in its profile"
    for name, text in subject.fixed.items():
        if name not in subject.order:
            yield f"subject.fixed.{name.value}", "is not in subject.order"
        if problem := name_problem(text):
            yield f"subject.fixed.{name.value}", problem


def _validity(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    rule = profile.validity
    if not 0 <= rule.backdate_seconds <= _BACKDATE_SECONDS_MAX:
        yield "validity.backdate_seconds", f"must be in [0, {_BACKDATE_SECONDS_MAX}]"
    if rule.years < 0 or rule.days < 0 or rule.period == Period():
        yield "validity", "needs years or days"
    elif profile.kind is CertificateKind.CARD:
        if rule.period != Period(years=3):
            yield "validity", "a card is valid for 3 years"
    elif rule.years * _DAYS_A_YEAR + rule.days > _LONGEST_DAYS[profile.kind]:
        yield "validity", f"is longer than {_LONGEST_DAYS[profile.kind]} days"


def _one_ca_one_kind(profile: Profile, _: CaSettings) -> Iterator[tuple[str, str]]:
    issues = set(profile.issues)
    if len(issues) != len(profile.issues):
        yield "issues", "names a kind twice"
    for kind in _OF_PEOPLE & issues:
        if not issues <= {kind, CertificateKind.OCSP_RESPONDER}:
            yield "issues", f"a CA that signs {kind.value} signs its OCSP responder and no more"
    is_root = profile.kind is CertificateKind.ROOT
    if profile.kind in ROOT_KINDS and issues != {CertificateKind.ISSUING_CA}:
        yield "issues", "a root signs issuing CAs and nothing else"
    if profile.kind not in ROOT_KINDS and issues & CA_KINDS:
        yield "issues", "an issuing CA signs no CA (its path length is 0)"
    if is_root is not (profile.issuer == profile.name):
        yield "issuer", "a root signs itself, and only a root does"


def _is_notice(text: str) -> bool:
    return 0 < len(text) <= NOTICE_CHARACTERS_MAX and text.isprintable()


_RULES: Final[tuple[tuple[str, _Rule], ...]] = (
    ("RFC 5280 4.2.1.9 and 4.2.1.3", _ca_or_not),
    ("RFC 5280 4.2.1.9; one level of issuing CAs under the root", _path_length),
    ("RFC 5280 4.2.1.3; EN 319 412-2 NAT-4.3.2-1; CPS UZI-register 7.1", _key_usage),
    ("RFC 5280 4.2.1.12, RFC 6960 4.2.2.2", _purposes),
    ("RFC 6960 4.2.2.2.1", _no_check),
    ("RFC 5280 4.2.1.13, RFC 6960 4.2.2.2.1; EN 319 412-2 4.3.11, 4.4.1", _where_to_ask),
    ("RFC 5280 4.2.1.13 and 4.2.2.1; RFC 9919 5: an OCSP GET fits 255 octets", _urls),
    ("RFC 5280 4.2.1.13 and 4.2.1.15: only lists that are published", _lists),
    ("RFC 5280 4.2.1.4, 6.1.3 (d); EN 319 412-2 4.3.3; never a PKIoverheid policy", _policies),
    ("CPS UZI-register 7.1.5, RFC 9525", _alternative_name),
    ("RFC 5280 4.1.2.6, A.1; EN 319 412-2 4.2.4; CPS UZI-register 7.1", _subject),
    ("RFC 5280 4.1.2.5; a card's three years", _validity),
    *KEY_RULES,
    ("AORTA: the pass type follows from the issuing CA", _one_ca_one_kind),
)
