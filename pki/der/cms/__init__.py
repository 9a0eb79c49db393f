"""CMS SignedData (RFC 5652) around one content, by one signer, as an auditor's tools read it."""

from pki.der.cms.reading import SignedContent, read_signed_content
from pki.der.cms.writing import encode_signed_attributes, encode_signed_content

__all__ = [
    "SignedContent",
    "encode_signed_attributes",
    "encode_signed_content",
    "read_signed_content",
]
