"""What nobody should send to a responder, by name: seeds of the fuzzers, and cases of their own."""

import base64
from typing import Final

from pki.der import codec, oids
from pki.der.extensions import Extension, encode_extensions
from status_side.bench import CA, cert_id, request_for
from status_side.small_pki import SERIALS

CARD, *_ = SERIALS
ID: Final = cert_id(CARD)
GOOD: Final = request_for(CARD, nonce=b"n" * 32)

SHA1_NULL: Final = codec.sequence(codec.oid(oids.SHA1), codec.NULL)
HASH: Final = codec.octet_string(bytes(20))
SEVEN: Final = codec.integer(7)
NONCE: Final = codec.oid(oids.OCSP_NONCE)
OTHER: Final = codec.oid("1.2.3.4")
ALGORITHM: Final = codec.sequence(codec.oid(oids.SHA256_WITH_RSA), codec.NULL)
LIST: Final = codec.sequence(codec.sequence(ID.der))
VERSION: Final = codec.explicit(0, codec.integer(0))
NAME: Final = codec.explicit(1, codec.explicit(4, codec.sequence()))
SET: Final = 0x31


def tbs(*parts: bytes) -> bytes:
    return codec.sequence(codec.sequence(*parts))


def asking(*cert_id_parts: bytes) -> bytes:
    """A request for one CertID made of these parts."""
    return tbs(codec.sequence(codec.sequence(codec.sequence(*cert_id_parts))))


def by_digest(dotted: str, size: int) -> bytes:
    hashed = codec.octet_string(bytes(size))
    return asking(codec.sequence(codec.oid(dotted), codec.NULL), hashed, hashed, SEVEN)


def by_oid(content: bytes) -> bytes:
    return asking(codec.sequence(codec.tlv(codec.OID, content)), HASH, HASH, SEVEN)


def numbered(serial: bytes) -> bytes:
    return asking(SHA1_NULL, HASH, HASH, serial)


def extended(*extensions: bytes) -> bytes:
    return tbs(LIST, codec.explicit(2, codec.sequence(*extensions)))


def one_extended(*extensions: bytes, number: int = 0) -> bytes:
    listed = codec.explicit(number, codec.sequence(*extensions))
    return tbs(codec.sequence(codec.sequence(ID.der, listed)))


def nonce(value: bytes) -> bytes:
    return extended(codec.sequence(NONCE, codec.octet_string(value)))


def signed(*signature: bytes, number: int = 0) -> bytes:
    return codec.sequence(codec.sequence(LIST), codec.explicit(number, b"".join(signature)))


def critical(oid: str) -> bytes:
    inner = encode_extensions([Extension(oid=oid, critical=True, value=b"")])
    return codec.Reader(inner, "extensions").enter().element()


def nested(depth: int) -> bytes:
    der = b""
    for _ in range(depth):
        der = codec.sequence(der)
    return der


PLAIN: Final = codec.sequence(OTHER, codec.octet_string(b""))

MALFORMED: Final[dict[str, bytes]] = {
    "nothing": b"",
    "one zero": b"\x00",
    "a tag without a length": b"\x30",
    "an indefinite length outside": b"\x30\x80" + GOOD[2:] + b"\x00\x00",
    "an indefinite length inside": codec.sequence(b"\x30\x80" + LIST + b"\x00\x00"),
    "a length that overruns": b"\x30\x7f" + GOOD[2:],
    "a length one too small": GOOD[:1] + bytes([GOOD[1] - 1]) + GOOD[2:],
    "an octet too many": GOOD + b"\x00",
    "two requests in one": GOOD + GOOD,
    "a length longer than it need be": b"\x30\x81\x05\x30\x03\x30\x01\x00",
    "a length with a leading zero": b"\x30\x82\x00\x80" + bytes(128),
    "a length of four gigabytes": b"\x30\x84\xff\xff\xff\xff" + GOOD,
    "a length of five octets": b"\x30\x85\x00\x00\x00\x00\x02\x30\x00",
    "the reserved length": b"\x30\xff" + GOOD,
    "a set outside": bytes([SET]) + GOOD[1:],
    "an octet string outside": codec.octet_string(GOOD),
    "a high tag number": b"\x3f\x1f" + GOOD[1:],
    "a thousand layers": nested(1000),
    "16 KiB of openings": b"\x30" * 16384,
    "no TBSRequest": codec.sequence(),
    "a NULL for a TBSRequest": codec.sequence(codec.NULL),
    "an empty TBSRequest": tbs(),
    "version 2": tbs(codec.explicit(0, codec.integer(1)), LIST),
    "version -1": tbs(codec.explicit(0, codec.integer(-1)), LIST),
    "version 2^8000": tbs(codec.explicit(0, codec.integer(1 << 8000)), LIST),
    "a version that is a truth": tbs(codec.explicit(0, codec.TRUE), LIST),
    "an empty version": tbs(codec.explicit(0, b""), LIST),
    "the version twice": tbs(VERSION, VERSION, LIST),
    "the version after the name": tbs(NAME, VERSION, LIST),
    "the name twice": tbs(NAME, NAME, LIST),
    "the list twice": tbs(LIST, LIST),
    "an empty list": tbs(codec.sequence()),
    "a set for a list": tbs(bytes([SET]) + LIST[1:]),
    "an empty Request": tbs(codec.sequence(codec.sequence())),
    "a number for a Request": tbs(codec.sequence(SEVEN)),
    "an empty CertID": asking(),
    "a CertID without a serial": asking(SHA1_NULL, HASH, HASH),
    "a CertID without a key hash": asking(SHA1_NULL, HASH, SEVEN),
    "a CertID without an algorithm": asking(HASH, HASH, SEVEN),
    "a CertID with more behind": asking(SHA1_NULL, HASH, HASH, SEVEN, SEVEN),
    "an empty algorithm": asking(codec.sequence(), HASH, HASH, SEVEN),
    "an empty object identifier": by_oid(b""),
    "an object identifier that does not end": by_oid(b"\x2b\x0e\x83"),
    "an object identifier with a leading zero group": by_oid(b"\x2b\x80\x0e"),
    "an object identifier of 4 KiB": by_oid(b"\x2b" + b"\x01" * 4096),
    "SHA-1 with other parameters": asking(
        codec.sequence(codec.oid(oids.SHA1), codec.sequence()), HASH, HASH, SEVEN
    ),
    "a NULL with something in it": asking(
        codec.sequence(codec.oid(oids.SHA1), b"\x05\x01\x00"), HASH, HASH, SEVEN
    ),
    "empty hashes": by_digest(oids.SHA1, 0),
    "hashes of another digest's length": by_digest(oids.SHA256, 20),
    "hashes of 4 KiB": by_digest(oids.SHA512, 4096),
    "hashes of two lengths": asking(SHA1_NULL, HASH, codec.octet_string(bytes(32)), SEVEN),
    "a hash in pieces": asking(SHA1_NULL, b"\x24\x16" + HASH, HASH, SEVEN),
    "a hash that is a number": asking(SHA1_NULL, SEVEN, HASH, SEVEN),
    "an empty serial": numbered(b"\x02\x00"),
    "a serial with a leading zero": numbered(b"\x02\x02\x00\x01"),
    "a negative serial in two octets too many": numbered(b"\x02\x02\xff\xff"),
    "a serial of 65 octets": numbered(codec.integer(1 << 520)),
    "a serial of 8 KiB": numbered(codec.integer(1 << 65536)),
    "a serial that is an enumeration": numbered(b"\x0a\x01\x07"),
    "a serial that is text": numbered(b"\x0c\x01\x37"),
    "no extension in the list, for one": one_extended(),
    "an unknown critical extension, for one": one_extended(critical("1.2.3.4")),
    "a critical service locator": one_extended(critical("1.3.6.1.5.5.7.48.1.7")),
    "an extension twice, for one": one_extended(PLAIN, PLAIN),
    "extensions for one under another tag": one_extended(PLAIN, number=1),
    "no extension in the list": extended(),
    "an unknown critical extension": extended(critical("1.2.3.4")),
    "an extension twice": extended(PLAIN, PLAIN),
    "extensions without their list": tbs(LIST, codec.explicit(2, PLAIN)),
    "an extension without a value": extended(codec.sequence(OTHER)),
    "an extension with two values": extended(
        codec.sequence(OTHER, codec.octet_string(b""), codec.octet_string(b""))
    ),
    "an extension whose value is in pieces": extended(codec.sequence(OTHER, b"\x24\x02\x04\x00")),
    "critical, said to be false": extended(
        codec.sequence(OTHER, b"\x01\x01\x00", codec.octet_string(b""))
    ),
    "critical, neither true nor false": extended(
        codec.sequence(OTHER, b"\x01\x01\x01", codec.octet_string(b""))
    ),
    "a thousand extensions, the last twice": extended(
        *(
            codec.sequence(codec.oid(f"1.2.3.{number}"), codec.octet_string(b""))
            for number in (*range(1000), 999)
        )
    ),
    "a nonce without a frame": nonce(b"n" * 32),
    "an empty value for a nonce": nonce(b""),
    "an empty nonce": nonce(codec.octet_string(b"")),
    "a nonce of 129 octets": nonce(codec.octet_string(bytes(129))),
    "a nonce of 8 KiB": nonce(codec.octet_string(bytes(8192))),
    "a nonce that is a number": nonce(SEVEN),
    "a nonce in pieces": nonce(b"\x24\x03\x04\x01n"),
    "a nonce with more behind": nonce(codec.octet_string(b"n") + b"\x00"),
    "two nonces": extended(
        *2 * [codec.sequence(NONCE, codec.octet_string(codec.octet_string(b"n")))]
    ),
    "a NULL for a signature": signed(codec.NULL),
    "an empty signature": signed(codec.sequence()),
    "a signature without bits": signed(codec.sequence(ALGORITHM)),
    "a signature of odd bits": signed(codec.sequence(ALGORITHM, b"\x03\x02\x07\x80")),
    "a signature under another tag": signed(
        codec.sequence(ALGORITHM, codec.bit_string(b"x")), number=1
    ),
    "two signatures": signed(*2 * [codec.sequence(ALGORITHM, codec.bit_string(b"x"))]),
    "65 certificates": tbs(codec.sequence(*65 * [codec.sequence(ID.der)])),
    "16 KiB of zeroes in a frame": codec.sequence(codec.octet_string(bytes(16384 - 8))),
    "a CA certificate": CA.certificate,
    "an OCSP error": b"\x30\x03\x0a\x01\x06",
    "base64": base64.b64encode(GOOD),
    "PEM": b"-----BEGIN OCSP REQUEST-----\n" + base64.b64encode(GOOD) + b"\n-----END",
    "JSON": b'{"serial": 7}',
    "a form": b"request=" + base64.b64encode(GOOD),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}

NOT_OURS: Final[dict[str, bytes]] = {
    "MD5": by_digest("1.2.840.113549.2.5", 16),
    "SHA-224": by_digest("2.16.840.1.101.3.4.2.4", 28),
    "SHA3-256": by_digest("2.16.840.1.101.3.4.2.8", 32),
    "a digest nobody knows, of no length": by_digest("1.2.3.4", 0),
    "zeroes for hashes": by_digest(oids.SHA256, 32),
    "the key hash for both": GOOD.replace(ID.issuer_name_hash, ID.issuer_key_hash),
    "the hashes exchanged": asking(
        codec.sequence(codec.oid(oids.SHA256), codec.NULL),
        codec.octet_string(ID.issuer_key_hash),
        codec.octet_string(ID.issuer_name_hash),
        codec.integer(CARD.value),
    ),
    "one bit of the name hash": GOOD.replace(
        ID.issuer_name_hash, bytes([ID.issuer_name_hash[0] ^ 1]) + ID.issuer_name_hash[1:]
    ),
    "one bit of the key hash": GOOD.replace(
        ID.issuer_key_hash, ID.issuer_key_hash[:-1] + bytes([ID.issuer_key_hash[-1] ^ 1])
    ),
}

NEVER_ISSUED: Final[dict[str, int]] = {
    "0": 0,
    "-1": -1,
    "1": 1,
    "the card's, negative": -CARD.value,
    "the card's, one bit off": CARD.value ^ 1,
    "the card's and 2^160": CARD.value + (1 << 160),
    "2^159": 1 << 159,
    "63 octets": 1 << 500,
}

TEXT: Final = base64.b64encode(GOOD)
PATHS: Final[dict[str, bytes]] = {
    "nothing": b"",
    "slashes": b"/" * 5000,
    "a percent sign": b"%",
    "half an escape": b"%4",
    "no escape": b"%zz",
    "an escaped zero": b"%00" + TEXT,
    "escaped three times": TEXT.replace(b"=", b"%25253D").replace(b"M", b"%25254D"),
    "a thousand percents": b"%25" * 1000,
    "only padding": b"====",
    "padding in front": b"=" + TEXT,
    "too much padding": TEXT + b"=====",
    "base64 for addresses": base64.urlsafe_b64encode(b"\xfb\xef\xbe" + GOOD),
    "a query behind": TEXT + b"?x=1",
    "a fragment behind": TEXT + b"#x",
    "a path behind": TEXT + b"/../../etc/passwd",
    "a space within": TEXT[:9] + b"%20" + TEXT[9:],
    "a line's end within": TEXT[:9] + b"%0d%0a" + TEXT[9:],
    "a header within": b"%0d%0aSet-Cookie:%20x=1%0d%0a%0d%0a" + TEXT,
    "half of it": TEXT[: len(TEXT) // 2],
    "twice": TEXT + TEXT,
    "letters beyond ASCII": "ocsp-aanvraag-é".encode(),
    "octets beyond UTF-8": b"\xff\xfe\xfd",
    "a script": b"<script>alert(1)</script>",
    "hexadecimal": GOOD.hex().encode(),
}
