"""Values of every DER type, drawn by chance, each with what another library makes of it."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import settings
from hypothesis import strategies as st

from pki.der import oids
from pki.der.crl import CrlContent, Entry, encode_entry
from pki.der.names import Attribute, DistinguishedName
from pki.der.ocsp import SingleResponse, make_cert_id
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from pki.domain.uzi import PassType, UziName

few = settings(max_examples=max(settings().max_examples // 4, 1))
"""For tests whose every example is costly."""

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

FOREIGN_REASONS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.CA_COMPROMISE: x509.ReasonFlags.ca_compromise,
    RevocationReason.AFFILIATION_CHANGED: x509.ReasonFlags.affiliation_changed,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
    RevocationReason.CERTIFICATE_HOLD: x509.ReasonFlags.certificate_hold,
    RevocationReason.PRIVILEGE_WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}

serials = st.integers(1, (1 << 159) - 1).map(SerialNumber)
issued_serials = st.integers(1 << 156, (1 << 159) - 1).map(SerialNumber)
reasons = st.none() | st.sampled_from(RevocationReason)
moments = st.datetimes(
    min_value=datetime(1950, 1, 1),  # noqa: DTZ001 -- hypothesis adds the time zone
    max_value=datetime(2120, 12, 31),  # noqa: DTZ001 -- as above
    timezones=st.just(UTC),
)
whole_moments = moments.map(lambda moment: moment.replace(microsecond=0))
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
printables = st.text("ABCxyz019 '()+,-./:=?", min_size=1, max_size=12)
dotted_oids = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 1 << 40), max_size=6),
)

attributes = st.one_of(
    st.just(Attribute(oid=oids.COUNTRY, text="NL", printable=True)),
    st.builds(Attribute, oid=st.just(oids.SERIAL_NUMBER), text=printables, printable=st.just(True)),
    st.builds(
        Attribute,
        oid=st.sampled_from(
            [
                oids.ORGANISATION,
                oids.ORGANISATIONAL_UNIT,
                oids.SURNAME,
                oids.GIVEN_NAME,
                oids.COMMON_NAME,
                oids.TITLE,
                oids.ORGANISATION_IDENTIFIER,
            ]
        ),
        text=texts,
    ),
)
names = st.lists(attributes, max_size=7).map(lambda each: DistinguishedName.of(*each))

key_ids = st.binary(min_size=20, max_size=20)

uzi_names = st.builds(
    lambda oid_ca, number, ura, agb: UziName(
        oid_ca=oid_ca,
        uzi_number=UziNumber(f"{number:09d}"),
        pass_type=PassType.MEDEWERKER_OP_NAAM,
        ura=Ura(f"{ura:08d}"),
        agb=f"{agb:08d}",
    ),
    st.sampled_from(["2.16.528.1.1007.99.218", "2.16.528.1.1003.1.3.5.5.3", "1.3.6.1.4.1.99999.1"]),
    st.integers(0, 10**9 - 1),
    st.integers(0, 10**8 - 1),
    st.integers(0, 10**8 - 1),
)

statuses: st.SearchStrategy[CertificateStatus | None] = st.one_of(
    st.none(),
    st.just(Good()),
    st.builds(OnHold, since=whole_moments),
    st.builds(
        Revoked,
        at=whole_moments,
        reason=st.none()
        | st.sampled_from(
            [each for each in RevocationReason if each is not RevocationReason.CERTIFICATE_HOLD]
        ),
        compromised_since=st.none() | whole_moments,
    ),
)


def foreign_name(name: DistinguishedName) -> x509.Name:
    """The same name as cryptography builds it from text."""
    return x509.Name(
        [x509.NameAttribute(x509.ObjectIdentifier(each.oid), each.text) for each in name.rdns]
    )


@st.composite
def crl_contents(draw: st.DrawFn) -> tuple[CrlContent, dict[SerialNumber, Entry]]:
    """A CRL's content and its entries as values, sorted by serial number."""
    listed = draw(st.dictionaries(serials, st.tuples(whole_moments, reasons), max_size=8))
    entries = dict(sorted(listed.items()))
    first, second = draw(whole_moments), draw(whole_moments)
    content = CrlContent(
        issuer_der=draw(names).der,
        algorithm=SignatureAlgorithm.ECDSA_SHA256,
        this_update=min(first, second),
        next_update=max(first, second),
        number=draw(st.integers(0, (1 << 159) - 1)),
        authority_key_id=draw(key_ids),
        entries=[encode_entry(serial, *entry) for serial, entry in entries.items()],
        expired_certs_on_crl=draw(st.none() | whole_moments),
    )
    return content, entries


hash_names = st.sampled_from(["sha1", "sha256", "sha384", "sha512"])
cert_ids = st.builds(
    make_cert_id,
    names.map(lambda name: name.der),
    st.just(SPKI),
    st.integers(-(1 << 170), 1 << 170),
    hash_names,
)
nonces = st.none() | st.binary(min_size=1, max_size=128)
singles = st.builds(
    SingleResponse,
    cert_id=cert_ids,
    status=statuses,
    this_update=whole_moments,
    next_update=st.none() | whole_moments,
    archive_cutoff=st.none() | whole_moments,
    certificate_sha256=st.none() | st.binary(min_size=32, max_size=32),
)
