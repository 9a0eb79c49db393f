"""The configuration file, read once into checked, frozen objects.

Unknown keys, missing files and unsafe values are `ConfigurationInvalid` errors that name the key.
Paths are relative to the file they stand in. Nothing secret stands in it: key passphrases are in
files it names.
"""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo

from pki.domain.errors import ConfigurationInvalid
from server.settings_together import check_together

FILE_NAME: Final = "zorgid.toml"
_PORT_MAX: Final = 65535
_FORBIDDEN_IN_NAMES: Final = frozenset(",=\"'+<>;\\#\x7f") | {chr(code) for code in range(32)}


def _safe_name(value: str) -> str:
    """Relying parties split DN text at commas and equals signs, so no value may hold one."""
    found = sorted(_FORBIDDEN_IN_NAMES & set(value))
    if found or not value.strip() or value != value.strip():
        raise ValueError(f"a CA name may not hold {' '.join(map(repr, found)) or 'outer spaces'}")
    return value


def _relative(value: Path, info: ValidationInfo) -> Path:
    base = Path((info.context or {}).get("directory", "."))
    return (base / value).resolve()


def _existing(value: Path, info: ValidationInfo) -> Path:
    path = _relative(value, info)
    if not path.is_file():
        raise ValueError(f"file {path} does not exist")
    return path


def _plain_http(value: str) -> str:
    if not value.startswith("http://") or value.endswith("/"):
        raise ValueError(
            "must start with http:// (status services are not behind TLS) and not end in /"
        )
    return value


def _loopback(value: str) -> str:
    host = value.rpartition(":")[0].strip("[]")
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError("must be a loopback address: it is not meant for the network")
    return value


def _usable_port(value: str) -> str:
    if int(value.rpartition(":")[2]) > _PORT_MAX:
        raise ValueError(f"a port is at most {_PORT_MAX}")
    return value


CaName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_safe_name)]
AnyPath = Annotated[Path, AfterValidator(_relative)]
ExistingFile = Annotated[Path, AfterValidator(_existing)]
HttpUrl = Annotated[str, Field(max_length=60), AfterValidator(_plain_http)]
Address = Annotated[
    str,
    Field(pattern=r"^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"),
    AfterValidator(_usable_port),
]
LoopbackAddress = Annotated[Address, AfterValidator(_loopback)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Installation(_Section):
    """What this is; shown everywhere. Installations of different kinds are never mixed."""

    kind: Literal["practice", "acceptance", "production"]
    operator: CaName
    oid_arc: Annotated[str, Field(pattern=r"^[0-2](\.(0|[1-9][0-9]*)){1,10}$")]


class StoreSettings(_Section):
    """Where facts and journal are: `sqlite` with a path (one host), or a PostgreSQL URL."""

    path: AnyPath | None = None
    postgresql: Annotated[str, Field(pattern=r"^postgresql\+psycopg://")] | None = None

    @property
    def url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.postgresql or f"sqlite:///{self.path}"


class KeySettings(_Section):
    """A software key: an encrypted PKCS#8 file and the file that holds its passphrase."""

    file: ExistingFile
    passphrase_file: ExistingFile


class IssuerSettings(_Section):
    """One generation of one CA. A CA without ``key`` is only published here (an offline root)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: CaName
    certificate: ExistingFile
    published_as: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]
    key: KeySettings | None = None
    crl: ExistingFile | None = None


class StatusSettings(_Section):
    """OCSP, CRLs and CA certificates over plain HTTP."""

    listen: Address
    public_url: HttpUrl
    answer_lifetime_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    max_age_seconds: Annotated[int, Field(ge=0, le=60)] = 10
    blindness_limit_seconds: Annotated[int, Field(ge=1, le=900)] = 300
    cache_entries: Annotated[int, Field(ge=100, le=20_000_000)] = 200_000
    responder_key: Literal["rsa-2048", "p-256"] = "rsa-2048"
    cps: ExistingFile | None = None


class CrlSettings(_Section):
    """When CRLs are made, and for how long they count."""

    interval_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    lifetime_seconds: Annotated[int, Field(ge=3600, le=7 * 86_400)] = 48 * 3600
    coalesce_seconds: Annotated[float, Field(ge=0, le=1)] = 0.3
    max_age_seconds: Annotated[int, Field(ge=0, le=3600)] = 60


class ApiSettings(_Section):
    """The issuance API: TLS, client certificates of the Services CA."""

    listen: Address
    audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    certificate: ExistingFile
    key: KeySettings
    client_ca: ExistingFile


class LdapSettings(_Section):
    """The directory: a private slapd that this program starts, an external server, or none."""

    mode: Literal["private", "external", "off"] = "private"
    listen: LoopbackAddress = "127.0.0.1:8389"
    directory: AnyPath = Path("ldap")
    schema_directory: AnyPath = Path("schema")
    base: Annotated[str, Field(min_length=3)] = "o=ZORG-ID,c=NL"
    url: Annotated[str, Field(pattern=r"^ldaps?://")] | None = None
    bind_dn: str | None = None
    password_file: ExistingFile | None = None
    ca_file: ExistingFile | None = None


class EnrolmentSettings(_Section):
    """How a status node without the role `issuance` gets its responder certificate."""

    api: Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.:-]+$")]
    ca: ExistingFile
    certificate: ExistingFile
    key: KeySettings


class MetricsSettings(_Section):
    """Health and metrics; loopback only."""

    listen: LoopbackAddress = "127.0.0.1:8083"


class UziIssuerSettings(_Section):
    """One UZI issuing CA: its certificates (one key may have several) and what they vouch for."""

    certificates: Annotated[list[ExistingFile], Field(min_length=1)]
    pass_type: Literal["Z", "N", "M", "S"]
    oid_ca: str
    authenticity_policies: Annotated[list[str], Field(min_length=1)]


class UziSettings(_Section):
    """Which UZI passes are believed, and where their status may be asked."""

    roots: Annotated[list[ExistingFile], Field(min_length=1)]
    intermediates: list[ExistingFile] = []
    issuers: Annotated[list[UziIssuerSettings], Field(min_length=1)]
    status_hosts: Annotated[list[str], Field(min_length=1)]
    crl_max_age_seconds: Annotated[int, Field(ge=0, le=3600)] = 300


class LimitSettings(_Section):
    """How long the steps of making a card may take."""

    challenge_seconds: Annotated[int, Field(ge=10, le=600)] = 120
    session_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    confirmation_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    signing_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    signing_queue: Annotated[int, Field(ge=1, le=10_000)] = 256


class Settings(_Section):
    """The whole configuration file."""

    installation: Installation
    store: StoreSettings
    profiles: AnyPath
    card_profile: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "card-rsa2048"
    oid_ca: Literal["own", "copy"] = "own"
    secrets: AnyPath
    locks: AnyPath
    root: IssuerSettings
    token_ca: IssuerSettings
    services_ca: IssuerSettings
    status: StatusSettings
    crl: CrlSettings = CrlSettings()
    api: ApiSettings
    ldap: LdapSettings = LdapSettings()
    enrolment: EnrolmentSettings | None = None
    metrics: MetricsSettings = MetricsSettings()
    uzi: UziSettings | None = None
    limits: LimitSettings = LimitSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load(path: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        ConfigurationInvalid: the file cannot be read or parsed, or a setting is unknown, missing or
        unsafe.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"configuration {path} cannot be read: {error.strerror}",
            next_step="give --config FILE, or make an installation with: zorgid init DIR",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(
            key=str(path),
            message=f"configuration {path} is not TOML: {error}",
            next_step="mend that line",
        ) from error
    return check(document, directory=path.resolve().parent)


def check(document: dict[str, Any], *, directory: Path) -> Settings:
    """Check a parsed configuration; paths in it are relative to ``directory``.

    Raises:
        ConfigurationInvalid: names the first offending key.
    """
    try:
        settings = Settings.model_validate(document, context={"directory": directory})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(piece) for piece in first["loc"]) or "configuration"
        raise ConfigurationInvalid(
            key=key,
            message=f"setting {key}: {first['msg']}",
            next_step=f"correct {key} in the configuration",
        ) from None
    check_together(settings)
    return settings
