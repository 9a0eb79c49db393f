"""Object identifiers as dotted text, each with where it is defined."""

from typing import Final

# Attribute types of names (X.520; RFC 4519 2; RFC 5280 appendix A.1).
COMMON_NAME: Final = "2.5.4.3"
SURNAME: Final = "2.5.4.4"
SERIAL_NUMBER: Final = "2.5.4.5"
COUNTRY: Final = "2.5.4.6"
LOCALITY: Final = "2.5.4.7"
STATE: Final = "2.5.4.8"
ORGANISATION: Final = "2.5.4.10"
ORGANISATIONAL_UNIT: Final = "2.5.4.11"
TITLE: Final = "2.5.4.12"
GIVEN_NAME: Final = "2.5.4.42"
ORGANISATION_IDENTIFIER: Final = "2.5.4.97"
"""ETSI EN 319 412-1 5.1.4."""

# Certificate and CRL extensions (RFC 5280 4.2, 5.2, 5.3).
SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
CRL_NUMBER: Final = "2.5.29.20"
CRL_REASON: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"
DELTA_CRL_INDICATOR: Final = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
FRESHEST_CRL: Final = "2.5.29.46"
EXPIRED_CERTS_ON_CRL: Final = "2.5.29.60"
"""X.509 (2019) 9.5.2.8."""
AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
"""RFC 6960 4.2.2.2.1."""

# Access methods and policy qualifiers (RFC 5280 4.2.2.1, 4.2.1.4).
ACCESS_OCSP: Final = "1.3.6.1.5.5.7.48.1"
ACCESS_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
QUALIFIER_CPS: Final = "1.3.6.1.5.5.7.2.1"
QUALIFIER_USER_NOTICE: Final = "1.3.6.1.5.5.7.2.2"

# Extended key usages (RFC 5280 4.2.1.12; the last two by Microsoft, for UZI passes and logon).
EKU_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
EKU_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
EKU_EMAIL_PROTECTION: Final = "1.3.6.1.5.5.7.3.4"
EKU_OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
EKU_DOCUMENT_SIGNING: Final = "1.3.6.1.4.1.311.10.3.12"
EKU_SMARTCARD_LOGON: Final = "1.3.6.1.4.1.311.20.2.2"

# otherName types in subjectAltName (CPS UZI-register 7.1.5; Microsoft UPN).
UZI_NAME: Final = "2.5.5.5"
USER_PRINCIPAL_NAME: Final = "1.3.6.1.4.1.311.20.2.3"

# OCSP (RFC 6960 4.2.1, 4.4; RFC 9654; Common PKI 2.0 part 4, 3.1.2).
OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OCSP_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
OCSP_RESPONSE_TYPES: Final = "1.3.6.1.5.5.7.48.1.4"
OCSP_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
OCSP_PREFERRED_SIGNATURES: Final = "1.3.6.1.5.5.7.48.1.8"
OCSP_EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
OCSP_CERT_HASH: Final = "1.3.36.8.3.13"

# Digests (RFC 3279 2.1, RFC 5754 2).
SHA1: Final = "1.3.14.3.2.26"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA384: Final = "2.16.840.1.101.3.4.2.2"
SHA512: Final = "2.16.840.1.101.3.4.2.3"

# Signatures (RFC 4055 5 and 3.1, RFC 5758 3.2, RFC 8410 3, RFC 9881 3).
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
SHA256_WITH_RSA: Final = "1.2.840.113549.1.1.11"
SHA384_WITH_RSA: Final = "1.2.840.113549.1.1.12"
SHA512_WITH_RSA: Final = "1.2.840.113549.1.1.13"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
MGF1: Final = "1.2.840.113549.1.1.8"
ECDSA_WITH_SHA256: Final = "1.2.840.10045.4.3.2"
ECDSA_WITH_SHA384: Final = "1.2.840.10045.4.3.3"
ED25519: Final = "1.3.101.112"
ML_DSA_65: Final = "2.16.840.1.101.3.4.3.18"

# CMS (RFC 5652 4, 5, 11; RFC 5035 3).
CMS_DATA: Final = "1.2.840.113549.1.7.1"
CMS_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CMS_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
CMS_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
CMS_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
CMS_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
