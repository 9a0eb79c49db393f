"""The stand-in register's CRL and OCSP over HTTP, for its N CA."""

import base64
import urllib.parse
from datetime import timedelta

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pki.domain.uzi import PassType
from server.demo.uzi_register import StandInRegister

_REGISTER = web.AppKey("register", StandInRegister)
_LIFETIME = timedelta(hours=1)


def crl_application(register: StandInRegister) -> web.Application:
    """Serves `/cdp/medewerker_op_naam.crl`."""
    app = web.Application()
    app[_REGISTER] = register
    app.router.add_get("/cdp/medewerker_op_naam.crl", _crl)
    return app


def ocsp_application(register: StandInRegister) -> web.Application:
    """Answers OCSP by POST and GET."""
    app = web.Application()
    app[_REGISTER] = register
    app.router.add_post("/", _post)
    app.router.add_get("/{request:.+}", _get)
    return app


async def _crl(request: web.Request) -> web.Response:
    body = request.app[_REGISTER].crl()
    return web.Response(body=body, content_type="application/pkix-crl")


async def _post(request: web.Request) -> web.Response:
    return _answer(request.app[_REGISTER], await request.read())


async def _get(request: web.Request) -> web.Response:
    text = urllib.parse.unquote(request.match_info["request"])
    return _answer(request.app[_REGISTER], base64.b64decode(text))


def _answer(register: StandInRegister, body: bytes) -> web.Response:
    try:
        asked = ocsp.load_der_ocsp_request(body)
    except ValueError:
        failed = ocsp.OCSPResponseBuilder.build_unsuccessful(
            ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        )
        return _response(failed)
    issuer = register.issuing[PassType.MEDEWERKER_OP_NAAM].certificate
    revoked_at = register.revoked.get(asked.serial_number)
    at = register.now().replace(microsecond=0)
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash,
        issuer_key_hash=asked.issuer_key_hash,
        serial_number=asked.serial_number,
        algorithm=asked.hash_algorithm,
        cert_status=_status(revoked=revoked_at is not None),
        this_update=at,
        next_update=at + _LIFETIME,
        revocation_time=revoked_at,
        revocation_reason=None,
    )
    signer = register.ocsp_signer
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    builder = builder.certificates([signer.certificate, issuer])
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return _response(builder.sign(signer.key, hashes.SHA256()))


def _status(*, revoked: bool) -> ocsp.OCSPCertStatus:
    return ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD


def _response(response: ocsp.OCSPResponse) -> web.Response:
    return web.Response(
        body=response.public_bytes(Encoding.DER), content_type="application/ocsp-response"
    )
