"""Versions: a change only of what the caller saw, no answer that they have (RFC 9110 13.1)."""

import re
from typing import Final

from aiohttp import web

from pki.domain.errors import Malformed

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS: Final = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*", re.ASCII)
_EACH: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"', re.ASCII)
_LONGEST: Final = 1024


def seen_by(request: web.Request) -> frozenset[str] | None:
    """The versions that If-Match names; None without the field, or when any will do.

    A weak tag names none: this comparison is the strong one.

    Raises:
        Malformed: the field is not ``*`` or a list of entity tags.
    """
    text = ",".join(request.headers.getall("If-Match", []))
    if "If-Match" not in request.headers or text.strip() == "*":
        return None
    if len(text) > _LONGEST or not _TAGS.fullmatch(text):
        raise Malformed(what="If-Match", message="If-Match is * or a list of entity tags")
    return frozenset(tag for weak, tag in _EACH.findall(text) if not weak)


def has_it(request: web.Request, version: str) -> bool:
    """Whether If-None-Match names this version (RFC 9110 13.1.2: weak comparison).

    A field that is no list of entity tags names none.
    """
    text = ",".join(request.headers.getall("If-None-Match", []))
    if text.strip() == "*":
        return True
    if len(text) > _LONGEST or not _TAGS.fullmatch(text):
        return False
    return version in {tag for _, tag in _EACH.findall(text)}


def tagged(response: web.Response, version: str) -> web.Response:
    """The response with the version of what it shows as its entity tag."""
    response.headers["ETag"] = f'"{version}"'
    return response
