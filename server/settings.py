"""The configuration file, read once into checked, frozen objects.

Unknown keys, missing files and unsafe values are `ConfigurationInvalid` errors that name the key.
Paths are relative to the file they stand in. Nothing secret stands in it: passphrases and PINs are
in files, credentials or descriptors that it names.
"""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from pki.domain.errors import ConfigurationInvalid
from pki.settings.file import checked, read_toml
from pki.settings.types import AnyPath, ExistingFile, Section
from server.metering.tracing_settings import TracingSettings
from server.setting.attestation import AttestationSettings
from server.setting.directory import LdapSettings
from server.setting.evidence import EvidenceSettings
from server.setting.identity import DeziSettings
from server.setting.issuers import (
    GenerationSettings,
    IssuerSettings,
    MobielCaSettings,
    RootSettings,
    TokenCaSettings,
)
from server.setting.keys import KeySettings, ResponderKeySettings, ResponderKeyType
from server.setting.notices import NoticeSettings
from server.setting.receipts import ReceiptSettings
from server.setting.rules import AttributeSettings, RuleSettings
from server.setting.sinks import CrlBucketSettings, CrlFolderSettings
from server.setting.types import Address, CaName, HttpUrl, LoopbackAddress, NetworkText
from server.setting.views import ViewSettings
from server.settings_together import check_together

_MISSING: Final = "give --config FILE, or make an installation with: zorgid init DIR"


class Installation(Section):
    """What this is; shown everywhere. Installations of different kinds are never mixed."""

    kind: Literal["practice", "acceptance", "production"]
    operator: CaName
    oid_arc: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*)){1,10}$")]


class StoreSettings(Section):
    """Where facts and journal are: `sqlite` with a path (one host), or a PostgreSQL URL."""

    path: AnyPath | None = None
    postgresql: Annotated[str, Field(pattern=r"^postgresql\+psycopg://")] | None = None
    lease_seconds: Annotated[int, Field(ge=3, le=60)] = 10

    @property
    def url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.postgresql or f"sqlite:///{self.path}"

    @property
    def has_password(self) -> bool:
        """Whether the database's password stands in the file."""
        url = urlsplit(self.postgresql or "")
        return bool(url.password) or "password" in parse_qs(url.query)


class StatusSettings(Section):
    """OCSP, CRLs and CA certificates over plain HTTP."""

    listen: Address
    public_url: HttpUrl
    answer_lifetime_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    max_age_seconds: Annotated[int, Field(ge=0, le=60)] = 10
    blindness_limit_seconds: Annotated[int, Field(ge=1, le=900)] = 300
    cache_entries: Annotated[int, Field(ge=100, le=20_000_000)] = 200_000
    refresh_ahead_seconds: Annotated[int, Field(ge=0, le=600)] = 60
    connections: Annotated[int, Field(ge=10, le=1_000_000)] = 10_000
    connections_per_peer: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    proxies: Annotated[tuple[NetworkText, ...], Field(max_length=100)] = ("127.0.0.0/8", "::1")
    presign: Annotated[tuple[Literal["sha1", "sha256"], ...], Field(max_length=2)] = ()
    responder_key: ResponderKeySettings = ResponderKeySettings()
    more_responder_keys: Annotated[tuple[ResponderKeyType, ...], Field(max_length=2)] = ()
    never_issued: Literal["unknown", "revoked"] = "unknown"
    archive_cutoff: bool = False
    certificate_hash: bool = False
    cps: ExistingFile | None = None


class CrlSettings(Section):
    """When CRLs are made, and for how long they count."""

    interval_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    lifetime_seconds: Annotated[int, Field(ge=3600, le=7 * 86_400)] = 48 * 3600
    coalesce_seconds: Annotated[float, Field(ge=0, le=1)] = 0.3
    max_age_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    delta: bool = False
    delta_in_cards: bool = False
    delta_span_seconds: Annotated[int, Field(ge=3600, le=10 * 86_400)] = 86_400


class ApiSettings(Section):
    """The issuance API: TLS, client certificates of the Services CA (and of the Mobiel CA)."""

    listen: Address
    audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    certificate: ExistingFile
    key: KeySettings
    client_ca: ExistingFile
    connections: Annotated[int, Field(ge=10, le=100_000)] = 1000
    connections_per_peer: Annotated[int, Field(ge=0, le=100_000)] = 200
    proxies: Annotated[tuple[NetworkText, ...], Field(max_length=100)] = ("127.0.0.0/8", "::1")
    proxy_protocol: bool = False


class EnrolmentSettings(Section):
    """How a status node without the role `issuance` gets its responder certificate."""

    api: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.:-]+$")]
    ca: ExistingFile
    certificate: ExistingFile
    key: KeySettings


class MetricsSettings(Section):
    """Health and metrics; loopback only."""

    listen: LoopbackAddress = "127.0.0.1:8083"


class UziIssuerSettings(Section):
    """One UZI issuing CA: its certificates (one key may have several) and what they vouch for."""

    certificates: Annotated[list[ExistingFile], Field(min_length=1)]
    pass_type: Literal["Z", "N", "M", "S"]
    oid_ca: str
    authenticity_policies: Annotated[list[str], Field(min_length=1)]


class UziSettings(Section):
    """Which UZI passes are believed, and where their status may be asked."""

    roots: Annotated[list[ExistingFile], Field(min_length=1)]
    intermediates: Annotated[list[ExistingFile], Field(default_factory=list)]
    issuers: Annotated[list[UziIssuerSettings], Field(min_length=1)]
    status_hosts: Annotated[list[str], Field(min_length=1)]
    crl_max_age_seconds: Annotated[int, Field(ge=0, le=3600)] = 300


class LimitSettings(Section):
    """How long the steps of making a card may take, and how long one may be blocked."""

    challenge_seconds: Annotated[int, Field(ge=10, le=600)] = 120
    session_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    login_seconds: Annotated[int, Field(ge=60, le=600)] = 300
    confirmation_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    signing_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    signing_queue: Annotated[int, Field(ge=1, le=10_000)] = 256
    hold_days: Annotated[int, Field(ge=0, le=3 * 366)] = 0
    hold_expiry: Literal["notice", "revoke"] = "notice"


class RateSettings(Section):
    """How often strangers may ask for challenges and sessions, and how much of it is recorded."""

    peer_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 120
    all_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 6000
    pass_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 30
    refusals_per_hour: Annotated[int, Field(ge=1, le=100_000)] = 120
    remembered: Annotated[int, Field(ge=1000, le=10_000_000)] = 100_000


class Settings(Section):
    """The whole configuration file."""

    installation: Installation
    store: StoreSettings
    profiles: AnyPath
    card_profile: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "card-rsa2048"
    oid_ca: Literal["own", "copy"] = "own"
    key_blocklist: AnyPath | None = None
    secrets: AnyPath
    locks: AnyPath
    root: Annotated[list[RootSettings], Field(min_length=1)]
    token_ca: Annotated[list[TokenCaSettings], Field(min_length=1)]
    mobiel_ca: Annotated[list[MobielCaSettings], Field(default_factory=list)]
    services_ca: IssuerSettings
    status: StatusSettings
    crl: CrlSettings = CrlSettings()
    crl_folder: CrlFolderSettings | None = None
    crl_bucket: CrlBucketSettings | None = None
    api: ApiSettings
    ldap: LdapSettings = LdapSettings()
    evidence: EvidenceSettings | None = None
    enrolment: EnrolmentSettings | None = None
    attestation: AttestationSettings = AttestationSettings()
    metrics: MetricsSettings = MetricsSettings()
    uzi: UziSettings | None = None
    limits: LimitSettings = LimitSettings()
    rules: RuleSettings = RuleSettings()
    dezi: DeziSettings | None = None
    attributes: Annotated[tuple[AttributeSettings, ...], Field(max_length=100)] = ()
    rates: RateSettings = RateSettings()
    receipts: ReceiptSettings = ReceiptSettings()
    notices: NoticeSettings = NoticeSettings()
    views: ViewSettings = ViewSettings()
    tracing: TracingSettings | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def published(self) -> tuple[IssuerSettings, ...]:
        """Every CA whose certificate and CRL are served here; the roots first."""
        return *self.root, *self.generations, self.services_ca

    @property
    def generations(self) -> tuple[GenerationSettings, ...]:
        """Every CA that issues here and answers for it: those of the Token CA first."""
        return *self.token_ca, *self.mobiel_ca

    @property
    def keyed_generations(self) -> tuple[tuple[str, GenerationSettings], ...]:
        """The same, each with the key under which it is found in the file."""
        tables: dict[str, Sequence[GenerationSettings]]
        tables = {"token_ca": self.token_ca, "mobiel_ca": self.mobiel_ca}
        return tuple(
            (f"{name}.{index}", each)
            for name, table in tables.items()
            for index, each in enumerate(table)
        )


def load(path: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        ConfigurationInvalid: the file cannot be read or parsed, or a setting is unknown, missing or
        unsafe.
    """
    document = read_toml(path, missing=_MISSING)
    settings = check(document, directory=path.resolve().parent)
    _require_private(path, settings.store)
    return settings


def _require_private(path: Path, store: StoreSettings) -> None:
    if store.has_password and path.stat().st_mode & stat.S_IROTH:
        raise ConfigurationInvalid(
            key="store.postgresql",
            message=f"setting store.postgresql: holds a password, and everyone may read {path}",
            next_step=f"chmod 640 {path}, or leave the password to ~/.pgpass",
        )


def check(document: dict[str, Any], *, directory: Path) -> Settings:
    """Check a parsed configuration; paths in it are relative to ``directory``.

    Raises:
        ConfigurationInvalid: names the first offending key.
    """
    settings = checked(Settings, document, directory=directory)
    check_together(settings)
    return settings
