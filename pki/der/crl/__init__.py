"""CRLs, version 2 (RFC 5280 5): joined from encoded entries and read back, in linear time."""

from pki.der.crl.content import CrlContent, encode_tbs_crl, tbs_around
from pki.der.crl.entries import Entry, encode_entry, encode_removal, read_entries
from pki.der.crl.frame import CrlFrame, read_crl_frame
from pki.der.crl.listed import encode_listed
from pki.der.crl.whole import Crl, read_crl

__all__ = [
    "Crl",
    "CrlContent",
    "CrlFrame",
    "Entry",
    "encode_entry",
    "encode_listed",
    "encode_removal",
    "encode_tbs_crl",
    "read_crl",
    "read_crl_frame",
    "read_entries",
    "tbs_around",
]
