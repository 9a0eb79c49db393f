"""The file around a backup: CMS AuthEnvelopedData (RFC 5083), written and read as a stream.

AES-256 in GCM (RFC 5084), 16 octets of tag, a key of its own for each file; that key is encrypted
to every recipient with RSAES-OAEP over SHA-256 (RFC 3560). `openssl cms -decrypt` reads it.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from pki.der.codec import (
    NULL,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Reader,
    constructed,
    context,
    explicit,
    integer,
    octet_string,
    oid,
    sequence,
    tlv,
)
from pki.domain.errors import IntegrityBroken, KeyMismatch, Malformed
from pki.ports import Entropy

CHUNK: Final = 1 << 20
CONTENT_MAX: Final = (1 << 36) - 32
"""What one key and nonce may encrypt in GCM, octets (NIST SP 800-38D 5.2.1.1)."""

_TAG_OCTETS: Final = 16
_NONCE_OCTETS: Final = 12
_KEY_OCTETS: Final = 32
_MAC: Final = 2 + _TAG_OCTETS
_HEADER_MAX: Final = 1 << 20
_LENGTH_OCTETS: Final = 8
_SHORT: Final = 0x80

_AUTH_ENVELOPED: Final = oid("1.2.840.113549.1.9.16.1.23")
_DATA: Final = oid("1.2.840.113549.1.7.1")
_SHA256: Final = sequence(oid("2.16.840.1.101.3.4.2.1"), NULL)
_MGF1: Final = sequence(oid("1.2.840.113549.1.1.8"), _SHA256)
_OAEP: Final = sequence(
    oid("1.2.840.113549.1.1.7"), sequence(explicit(0, _SHA256), explicit(1, _MGF1))
)
_AES256_GCM: Final = "2.16.840.1.101.3.4.1.46"
_VERSION: Final = integer(0)
_WHAT: Final = "backup"


class EnvelopeWriter:
    """Encrypts to every recipient exactly as many octets as were announced."""

    def __init__(
        self,
        out: BinaryIO,
        *,
        recipients: Sequence[x509.Certificate],
        size: int,
        entropy: Entropy,
    ) -> None:
        """Write everything that stands before the content.

        Raises:
            Malformed: ``size`` is beyond what one file may hold.
        """
        if size > CONTENT_MAX:
            raise Malformed(
                what=_WHAT,
                message=f"{size} octets are more than one encrypted file may hold ({CONTENT_MAX})",
                next_step="use PostgreSQL and its own backups for a store of this size",
            )
        key, nonce = entropy.octets(_KEY_OCTETS), entropy.octets(_NONCE_OCTETS)
        self._out = out
        self._left = size
        self._cipher: AEADEncryptionContext = Cipher(AES256(key), GCM(nonce)).encryptor()
        out.write(_preamble([_recipient(each, key) for each in recipients], nonce, size))

    def write(self, octets: bytes) -> None:
        """Encrypt the next part of the content."""
        self._left -= len(octets)
        if self._left < 0:
            raise IntegrityBroken(message="more content than was announced")
        self._out.write(self._cipher.update(octets))

    def finish(self) -> None:
        """Write the authentication tag.

        Raises:
            IntegrityBroken: content is missing.
        """
        if self._left:
            raise IntegrityBroken(message="less content than was announced")
        self._out.write(self._cipher.finalize() + octet_string(self._cipher.tag))


class Envelope:
    """An encrypted file that one of its recipients opened; its content can be read repeatedly."""

    def __init__(self, file: BinaryIO, key: RSAPrivateKey) -> None:
        """Read everything that stands before the content.

        Raises:
            Malformed: not such a file.
            IntegrityBroken: it is longer or shorter than it says: cut off, or added to.
            KeyMismatch: it is not encrypted to ``key``.
        """
        self._file = file
        size = file.seek(0, 2)
        file.seek(0)
        _enter(file, SEQUENCE, size)
        if _element(file) != _AUTH_ENVELOPED:
            raise _not_ours()
        _enter(file, constructed(0), size)
        _enter(file, SEQUENCE, size)
        if _element(file) != _VERSION:
            raise _not_ours()
        recipients = Reader(_element(file), _WHAT).enter(SET)
        _enter(file, SEQUENCE, size - _MAC)
        if _element(file) != _DATA:
            raise _not_ours()
        self._nonce = _nonce(_element(file))
        self.size = _enter(file, context(0), size - _MAC)
        self._start = file.tell()
        self._key = _opened(recipients, key)

    def chunks(self) -> Iterator[bytes]:
        """The content, decrypted; it counts only once the last one was given without an error.

        Raises:
            IntegrityBroken: at the end: the file was changed.
        """
        self._file.seek(self._start)
        cipher = Cipher(AES256(self._key), GCM(self._nonce)).decryptor()
        left = self.size
        while left:
            octets = self._file.read(min(CHUNK, left))
            if not octets:
                raise _broken("ends too early")
            left -= len(octets)
            yield cipher.update(octets)
        mac = self._file.read()
        try:
            cipher.finalize_with_tag(Reader(mac, _WHAT).take(OCTET_STRING))
        except (InvalidTag, ValueError, Malformed):
            raise _broken("was changed: its authentication tag does not hold") from None

    def verify(self) -> None:
        """Read all of it once.

        Raises:
            IntegrityBroken: the file was changed.
        """
        for _ in self.chunks():
            pass


def rsa_key_of(certificate: x509.Certificate) -> RSAPublicKey | None:
    """The key that content keys are encrypted with; None for another kind or less than 2048 bit."""
    key = certificate.public_key()
    usable = isinstance(key, RSAPublicKey) and key.key_size >= 2048  # noqa: PLR2004 -- bits
    return key if usable and isinstance(key, RSAPublicKey) else None


def _oaep() -> OAEP:
    return OAEP(mgf=MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def _recipient(certificate: x509.Certificate, key: bytes) -> bytes:
    """KeyTransRecipientInfo, by issuer and serial number (RFC 5652 6.2.1)."""
    public = rsa_key_of(certificate)
    if public is None:
        raise KeyMismatch(message="a recipient's key is not RSA of 2048 bit or more")
    identifier = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    encrypted = octet_string(public.encrypt(key, _oaep()))
    return sequence(_VERSION, identifier, _OAEP, encrypted)


def _preamble(recipients: Sequence[bytes], nonce: bytes, size: int) -> bytes:
    parameters = sequence(octet_string(nonce), integer(_TAG_OCTETS))
    before = _DATA + sequence(oid(_AES256_GCM), parameters) + _head(context(0), size)
    inside = _VERSION + tlv(SET, b"".join(sorted(recipients)))
    inside += _head(SEQUENCE, len(before) + size) + before
    rest = size + _MAC
    inside = _head(SEQUENCE, len(inside) + rest) + inside
    inside = _AUTH_ENVELOPED + _head(constructed(0), len(inside) + rest) + inside
    return _head(SEQUENCE, len(inside) + rest) + inside


def _head(tag: int, size: int) -> bytes:
    """Tag and length of a value that follows as a stream."""
    if size < _SHORT:
        return bytes((tag, size))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(octets))) + octets


def _enter(file: BinaryIO, tag: int, end: int) -> int:
    """Step into a value that must reach to ``end``; its length."""
    found, size, _ = _read_head(file)
    if found != tag:
        raise _not_ours()
    if file.tell() + size != end:
        raise _broken(f"should have {file.tell() + size - end:+d} octets: it was cut off or joined")
    return size


def _element(file: BinaryIO) -> bytes:
    """The whole next small element."""
    _, size, head = _read_head(file)
    content = file.read(size) if size <= _HEADER_MAX else b""
    if len(content) != size:
        raise _not_ours()
    return head + content


def _read_head(file: BinaryIO) -> tuple[int, int, bytes]:
    head = file.read(2)
    if len(head) != len(b"tl"):
        raise _not_ours()
    tag, size = head
    if size < _SHORT:
        return tag, size, head
    more = file.read(size - _SHORT) if size - _SHORT <= _LENGTH_OCTETS else b""
    if not more or len(more) != size - _SHORT:
        raise _not_ours()
    return tag, int.from_bytes(more, "big"), head + more


def _nonce(algorithm: bytes) -> bytes:
    reader = Reader(algorithm, _WHAT).enter()
    if reader.oid() != _AES256_GCM:
        raise _not_ours()
    parameters = reader.enter()
    nonce, tag_octets = parameters.take(OCTET_STRING), parameters.integer()
    if (len(nonce), tag_octets) != (_NONCE_OCTETS, _TAG_OCTETS):
        raise _not_ours()
    return nonce


def _opened(recipients: Reader, key: RSAPrivateKey) -> bytes:
    """The content key, from whichever recipient ``key`` is."""
    while recipients.tag() != -1:
        one = recipients.enter()
        if one.element() != _VERSION or not one.element(SEQUENCE) or one.element() != _OAEP:
            continue
        try:
            found = key.decrypt(one.take(OCTET_STRING), _oaep())
        except ValueError:
            continue
        if len(found) == _KEY_OCTETS:
            return found
    raise KeyMismatch(
        message="this backup is not encrypted to this key",
        next_step="give the private key of one of the recipients that were named with --to",
    )


def _not_ours() -> Malformed:
    return Malformed(
        what=_WHAT,
        message="this is not a file made by zorgid backup, or its beginning was changed",
        next_step="give another copy",
    )


def _broken(why: str) -> IntegrityBroken:
    return IntegrityBroken(message=f"the backup {why}", next_step="use another copy of it")
