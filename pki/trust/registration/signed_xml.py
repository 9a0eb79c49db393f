"""Enveloped XML signatures, read narrowly: what comes out is what was signed, and nothing else.

One signature, directly under the root; one reference, to the whole document; no DTD, so no entity
of any kind. XML Signature 1.1 is done by signxml.
"""

import base64
import binascii
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from pki.domain.errors import Malformed
from pki.trust.registration.server_certificate import not_trusted

SIZE_LIMIT: Final = 32 * 1024
"""Octets; a certificate or two, and a few lines."""

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_SIGNATURE: Final = f"{_DS}Signature"
_CERTIFICATE: Final = f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"
_REFERENCE: Final = f"{_DS}SignedInfo/{_DS}Reference"
_TRANSFORMS: Final = frozenset(
    {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    }
)
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS: Final = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
)
_WHAT: Final = "XML document"


class SignedXml:
    """A document with one signature, not verified yet; ``certificate`` is what it says signed."""

    __slots__ = ("_root", "certificate")

    def __init__(self, octets: bytes) -> None:
        """Read it.

        Raises:
            Malformed: too large, not well-formed, with a DTD, or not signed once as it must be.
        """
        self._root = _parsed(octets)
        signature = _only_signature(self._root)
        _require_whole(signature)
        self.certificate = _certificate_in(signature)

    def signed_by(self, certificate: bytes, at: datetime) -> etree._Element:
        """What the certificate's key signed: the document again, from its canonical form.

        Raises:
            Refused: DOCUMENT_NOT_TRUSTED.
        """
        expected = SignatureConfiguration(
            location="./",
            expect_references=1,
            signature_methods=_METHODS,
            digest_algorithms=_DIGESTS,
            verification_time=at,
        )
        try:
            result = XMLVerifier().verify(
                self._root,
                x509_cert=x509.load_der_x509_certificate(certificate),
                expect_config=expected,
            )
        except (SignXMLException, etree.LxmlError, ValueError, TypeError) as error:
            raise not_trusted(f"signature: {type(error).__name__}") from None
        if not isinstance(result, VerifyResult) or result.signed_xml is None:
            raise not_trusted("nothing readable was signed")
        return result.signed_xml


def _parsed(octets: bytes) -> etree._Element:
    if len(octets) > SIZE_LIMIT:
        raise Malformed(what=_WHAT, message=f"the document has more than {SIZE_LIMIT} octets")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed(what=_WHAT, message="the document is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed(what=_WHAT, message="the document has a DTD; none is allowed")
    return root


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(_SIGNATURE))
    if len(found) != 1 or found[0].getparent() is not root:
        raise Malformed(what=_WHAT, message="there must be one signature, under the root")
    return found[0]


def _require_whole(signature: etree._Element) -> None:
    references = signature.findall(_REFERENCE)
    if len(references) != 1 or references[0].get("URI") != "":
        raise Malformed(what=_WHAT, message="the signature must be over the whole document")
    transforms = {each.get("Algorithm") for each in references[0].iter(f"{_DS}Transform")}
    if not transforms <= _TRANSFORMS:
        raise Malformed(what=_WHAT, message="the signature has a transform that is not allowed")


def _certificate_in(signature: etree._Element) -> bytes:
    found = signature.findall(_CERTIFICATE)
    if len(found) != 1:
        raise Malformed(what=_WHAT, message="the signature must carry one certificate")
    try:
        return base64.b64decode("".join((found[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(what=_WHAT, message="the certificate is not base64") from None
