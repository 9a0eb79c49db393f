"""Reading profiles: TOML, checked whole when it is loaded, named by its digest afterwards."""

import hashlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ca.profile import CertificateKind, Profile
from ca.rules.of_profiles import profile_problems
from ca.settings import CaSettings
from pki.domain.errors import ConfigurationInvalid

_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}")
_SHAPES: Final = {
    "extensions.alternative_name": "CPS UZI-register 7.1.5: one UZI name, never a second",
    "extensions.ocsp_url": "RFC 5280 4.2.2.1: one address, plain HTTP",
    "extensions.crl_url": "RFC 5280 4.2.1.13: one address, plain HTTP",
}
"""Rules that the form of a profile upholds by itself: what breaks them cannot be read."""
_PROFILE: Final = TypeAdapter(Profile)


def read_profile(octets: bytes, *, settings: CaSettings) -> Profile:
    """Read one profile, put the settings in, and check it against every rule.

    Raises:
        ConfigurationInvalid: not TOML, an unknown or missing key, or a profile that breaks RFC 5280
            or a rule of our own; names the key (``<profile>.<key>``) and the rule.
    """
    try:
        table = tomllib.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid("profile", "file", f"is not TOML in UTF-8: {error}") from error
    name = str(table.get("name", "profile"))
    if "sha256" in table:
        raise _invalid(name, "sha256", "unknown key")
    try:
        filled = _filled(table, settings=settings, key=name)
        profile = _PROFILE.validate_json(json.dumps(filled))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        rule = f" ({_SHAPES[key]})" if key in _SHAPES else ""
        raise _invalid(name, key, f"{first['msg']}{rule}") from None
    except TypeError:
        raise _invalid(name, "file", "holds a date or time; profiles have none") from None
    except RecursionError:
        raise _invalid(name[:40], "file", "nests too deeply") from None
    for problem in profile_problems(profile, settings=settings):
        raise _invalid(name, problem.key, f"{problem.message} ({problem.source})")
    return replace(profile, sha256=hashlib.sha256(octets).hexdigest())


def load_profiles(folder: Path, *, settings: CaSettings) -> dict[str, Profile]:
    """Every ``*.toml`` of the folder by name; a file is named after its profile.

    Raises:
        ConfigurationInvalid: as `read_profile`; or the folder cannot be read or holds none, a file
            has another name than its profile, or a profile's issuer does not issue that kind.
    """
    try:
        files = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.toml"))}
    except OSError as error:
        raise _invalid("profiles", "folder", f"cannot be read: {error.strerror}") from error
    if not files:
        raise _invalid("profiles", "folder", f"{folder} holds no profile")
    profiles = {stem: read_profile(octets, settings=settings) for stem, octets in files.items()}
    for stem, profile in profiles.items():
        if profile.name != stem:
            raise _invalid(stem, "name", f"must be {stem}, as the file is called")
        issuer = profiles.get(profile.issuer)
        if issuer is None or profile.kind not in _issued_by(issuer):
            raise _invalid(
                stem, "issuer", f"no profile {profile.issuer} that issues {profile.kind.value}"
            )
    return profiles


def _issued_by(issuer: Profile) -> tuple[CertificateKind, ...]:
    is_root = issuer.kind is CertificateKind.ROOT
    own = (CertificateKind.ROOT, CertificateKind.LINK) if is_root else ()
    return (*issuer.issues, *own)


def _filled(value: Any, *, settings: CaSettings, key: str) -> Any:  # noqa: ANN401 -- TOML's values
    """The same tree of values with every placeholder replaced."""
    match value:
        case dict():
            return {
                each: _filled(inner, settings=settings, key=f"{key}.{each}")
                for each, inner in value.items()
            }
        case list():
            return [_filled(inner, settings=settings, key=key) for inner in value]
        case str():
            return _filled_text(value, settings=settings, key=key)
        case _:
            return value


def _filled_text(text: str, *, settings: CaSettings, key: str) -> str:
    known = {
        "{arc}": settings.oid_arc,
        "{base_url}": settings.base_url,
        "{operator}": settings.operator,
        "{token_ca_name}": settings.token_ca_name,
        "{token_ca_published_as}": settings.token_ca_published_as,
        "{root_published_as}": settings.root_published_as,
        "{mobiel_ca_name}": settings.mobiel_ca_name,
        "{mobiel_ca_published_as}": settings.mobiel_ca_published_as,
    }
    for found in _PLACEHOLDER.findall(text):
        if found not in known:
            profile, _, rest = key.partition(".")
            raise _invalid(profile, rest, f"unknown placeholder {found}")
    return _PLACEHOLDER.sub(lambda match: known[match[0]], text)


def _invalid(profile: str, key: str, problem: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=f"{profile}.{key}",
        message=f"profile {profile}: {key}: {problem}",
        next_step="correct the profile, or restore the one that was shipped",
    )
