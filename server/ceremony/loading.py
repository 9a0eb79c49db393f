"""From the plan's file to all that it says: profiles, the files it names, and its digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.ceremony.making import issuer_profile, profile_of
from ca.ceremony.outputs import Role
from ca.ceremony.plan import Plan
from ca.ceremony.reading import invalid, manifest_digest, read_plan
from ca.issuer import Issuer
from ca.profile import Profile
from ca.profiles import load_profiles
from crl.build import shown_by
from crl.succession import findings
from pki.api.fields import from_pem
from pki.der.certificate import read_certificate
from pki.der.crl import Crl, read_crl
from pki.domain.errors import ConfigurationInvalid
from pki.keys.algorithms import PublicKey, algorithm_for, key_type_of
from pki.trust.proofs import VerifiedKey, verify_pkcs10
from server.share import share_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """A plan with everything it refers to. ``base`` is the plan's folder, its paths start there."""

    plan: Plan
    base: Path
    profiles: Mapping[str, Profile]
    digest: bytes

    @property
    def folder(self) -> Path:
        """Where the results go; one of its own in practice."""
        folder = self.base / self.plan.folder
        return folder.with_name(f"{self.plan.stamp}{folder.name}")

    def profile(self) -> Profile:
        """The profile of what is made.

        Raises:
            ConfigurationInvalid: there is none of that name.
        """
        if self.plan.key is not None:
            return profile_of(self.profiles, self.plan.key.profile)
        if self.plan.certificate is not None:
            return profile_of(self.profiles, self.plan.certificate.profile)
        if self.plan.link is not None:
            return profile_of(self.profiles, self.plan.link.profile)
        return issuer_profile(self.profiles, self.issuer_certificate())

    def issuer_certificate(self) -> bytes:
        """The certificate of the CA that signs, DER.

        Raises:
            ConfigurationInvalid: no such file, or not the one that was reviewed.
        """
        issuer = self.plan.issuer
        if issuer is None:
            raise invalid("issuer", "is missing")
        path = f"{issuer.folder}/{issuer.name}{Role.CERTIFICATE.value}"
        der = from_pem(self._read("issuer", path).decode("ascii", "replace"), "CERTIFICATE")
        return _pinned("issuer.certificate_sha256", der, issuer.certificate_sha256)

    def issuer(self) -> Issuer:
        """The CA that signs, by its certificate and profile.

        Raises:
            ConfigurationInvalid, KeyMismatch: it is not what the plan and the profile say.
        """
        der = self.issuer_certificate()
        key = load_der_public_key(read_certificate(der).content.public_key)
        if not isinstance(key, PublicKey):
            raise invalid("issuer", "its key is of no kind that signs")
        return Issuer.of_certificate(
            der,
            profile=issuer_profile(self.profiles, der),
            algorithm=algorithm_for(key_type_of(key)),
        )

    def request(self) -> VerifiedKey:
        """The key of the request, which its holder proved to have.

        Raises:
            ConfigurationInvalid: no such file, or not the request that was reviewed.
            Malformed, KeyRejected: not a request, or not signed by its own key.
        """
        wanted = self.plan.certificate
        if wanted is None:
            raise invalid("certificate", "is missing")
        text = self._read("certificate.request", wanted.request).decode("ascii", "replace")
        der = from_pem(text, "CERTIFICATE REQUEST")
        return verify_pkcs10(_pinned("certificate.request_sha256", der, wanted.request_sha256))

    def linked_certificate(self) -> bytes:
        """The certificate of the root that a link is for, DER.

        Raises:
            ConfigurationInvalid: no such file, or not the one that was reviewed.
        """
        link = self.plan.link
        if link is None:
            raise invalid("link", "is missing")
        text = self._read("link.certificate", link.certificate).decode("ascii", "replace")
        return _pinned("link.certificate_sha256", from_pem(text), link.certificate_sha256)

    def previous_crl(self) -> Crl | None:
        """The CRL before, if this is not the first.

        Raises:
            ConfigurationInvalid: no such file, or not the one that was reviewed.
        """
        crl = self.plan.crl
        if crl is None or crl.previous is None or crl.previous_sha256 is None:
            return None
        der = self._read("crl.previous", crl.previous)
        return read_crl(_pinned("crl.previous_sha256", der, crl.previous_sha256))

    def check_succession(self, crl: Crl) -> None:
        """Refuse a CRL that may not follow the one before.

        Raises:
            ConfigurationInvalid: names every rule that it breaks.
        """
        previous = self.previous_crl()
        broken = () if previous is None else findings(shown_by(previous), shown_by(crl))
        if broken:
            raise invalid("crl", "; ".join(str(each) for each in broken))

    def check_window(self, now: datetime) -> None:
        """Refuse a clock outside the plan's hours.

        Raises:
            ConfigurationInvalid: with both times.
        """
        window = self.plan.window
        if not window.start <= now <= window.end:
            raise invalid(
                "window",
                f"this computer's clock says {now:%Y-%m-%d %H:%M} UTC, outside"
                f" {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}",
            )

    def _read(self, key: str, path: str) -> bytes:
        try:
            return (self.base / path).read_bytes()
        except OSError as error:
            raise invalid(key, f"{path} cannot be read ({error.strerror})") from None


def load(path: Path, *, practice: bool) -> Ceremony:
    """Read a plan and its profiles.

    Raises:
        ConfigurationInvalid: the plan or a profile cannot be used.
        EnvironmentMissing: the program was installed without its profiles.
    """
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigurationInvalid(
            key="plan",
            message=f"plan {path} cannot be read ({error.strerror})",
            next_step="give the path of a plan",
        ) from None
    plan = read_plan(octets, practice=practice)
    base = path.resolve().parent
    folder = base / plan.profiles if plan.profiles else share_folder() / "profiles"
    profiles = load_profiles(folder, settings=plan.ca)
    digests = {name: profile.sha256 for name, profile in profiles.items()}
    return Ceremony(plan=plan, base=base, profiles=profiles, digest=manifest_digest(plan, digests))


def _pinned(key: str, octets: bytes, sha256: str) -> bytes:
    found = hashlib.sha256(octets).hexdigest()
    if found != sha256:
        raise invalid(key, f"the file's digest is {found}: not what was reviewed")
    return octets
