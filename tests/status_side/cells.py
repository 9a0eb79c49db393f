"""How the cells of the table in docs/status.md tell an answer."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from fakes.status import START
from pki.der.ocsp import OcspError, OcspResponse, SingleResponse, read_response
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked

COMPROMISED: Final = START - timedelta(days=3)
DATED: Final = "max-age=10, public, no-transform, must-revalidate"


def cells(received: bytes, usual: SignatureAlgorithm) -> str:
    """HTTP status, answer, headers, how long it may be kept."""
    head, _, body = received.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    status = HTTPStatus(int(line.split(" ")[1]))
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    assert headers["date"].endswith(" GMT")
    assert status == HTTPStatus.NOT_MODIFIED or "content-length" in headers
    told, until = "–", None
    if headers.get("content-type") == "application/ocsp-response" and body:
        assert int(headers["content-length"]) == len(body)
        told, until = answer(body, usual)
    return f"{status.value} | {told} | {_headers(headers)} | {_kept(headers, until)}"


def answer(body: bytes, usual: SignatureAlgorithm) -> tuple[str, timedelta | None]:
    """What an OCSP response says, and how long after thisUpdate its nextUpdate is."""
    read = read_response(body)
    if isinstance(read, OcspError):
        first, *rest = read.name.split("_")
        return f"`{first.lower()}{''.join(each.capitalize() for each in rest)}`", None
    said = "; ".join(map(_single, read.singles))
    return said + _more(read, usual), min(
        (each.next_update or each.this_update) - each.this_update for each in read.singles
    )


def _single(single: SingleResponse) -> str:
    match single.status:
        case None:
            said = "`unknown`"
        case Good():
            said = "`good`"
        case OnHold(since=since):
            said = "`revoked`, certificateHold"
            said += f", {since:%Y-%m-%d}" if since != START else ""
        case Revoked(reason=None):
            said = "`revoked`, no reason"
        case _:
            said = "`revoked`, keyCompromise"
            plain = Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE)
            if single.status != plain:
                assert single.status == replace(plain, compromised_since=COMPROMISED)
                said += ", invalidityDate"
    if single.archive_cutoff is not None:
        said += f", archiveCutoff {START.year - single.archive_cutoff.year} years ago"
    return said + (", CertHash" if single.certificate_sha256 else "")


def _more(read: OcspResponse, usual: SignatureAlgorithm) -> str:
    said = ", the nonce" if read.nonce is not None else ""
    said += ", extended-revoke" if read.extended_revoke else ""
    return said + ("" if read.algorithm is usual else f", by {read.algorithm.value}")


def _headers(headers: Mapping[str, str]) -> str:
    if headers.get("cache-control") == DATED:
        assert headers.keys() >= {"etag", "last-modified", "expires"}
        said = "dated"
    else:
        assert headers["cache-control"] == "no-store"
        assert headers.keys().isdisjoint({"etag", "last-modified", "expires"})
        said = "`no-store`"
    return said + (f", `Allow: {headers['allow']}`" if "allow" in headers else "")


def _kept(headers: Mapping[str, str], until: timedelta | None) -> str:
    seconds = re.match(r"max-age=(\d+)", headers["cache-control"])
    caches = f"{seconds[1]} s" if seconds else "–"
    return f"{caches} | {'–' if until is None else f'{until.total_seconds():.0f} s'}"
