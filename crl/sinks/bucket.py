"""CRLs as objects in an S3-compatible bucket.

Who may write is the library's business: environment, credential file, or the machine's own role.
Every write is conditional on what was there, so that two writers cannot set a number back.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from crl.sinks.bucket_client import ObjectStore, refused, status_of, unreachable
from crl.sinks.order import Standing, must_be_laid, must_be_put
from crl.sinks.ports import Paper
from pki.domain.errors import Conflict
from pki.domain.records import PublishedCrl

T = TypeVar("T")

TRIES: Final = 3
"""How often a write is begun anew when another writer was first."""

_NUMBER, _AUTHORITY, _SHA256 = "crl-number", "crl-authority", "crl-sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlace:
    """Where in which bucket; ``max_age`` (seconds) is what caches are told.

    ``conditional``: false only for a server that does not know conditional writes.
    """

    bucket: str
    prefix: str
    max_age: int
    archive: bool
    conditional: bool = True


class _Object(NamedTuple):
    octets: bytes
    media_type: str
    metadata: Mapping[str, str]


class BucketSink:
    """Writes ``<prefix><name>.crl``, and ``<prefix>archive/<name>/<number>.crl`` if wanted.

    How long the archive is kept is for a lifecycle rule of the bucket to say.
    """

    name: Final = "bucket"

    def __init__(self, client: ObjectStore, place: BucketPlace) -> None:
        self._client = client
        self._place = place
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="crl-bucket")

    @property
    def keeps_old(self) -> bool:
        """Whether there is an archive."""
        return self._place.archive

    async def show(self, name: str, crl: PublishedCrl) -> bool:
        """Put it in place unless it is there."""
        return await self._run(partial(self._put, self._key(name), crl))

    async def keep(self, name: str, crl: PublishedCrl) -> None:
        """Put it into the archive."""
        await self._run(partial(self._put, self._key(f"archive/{name}/{crl.number}"), crl))

    async def shown(self, name: str) -> int | None:
        """The number of the object."""
        found, _ = await self._run(partial(self._standing, self._key(name)))
        return None if found is None else found.number

    async def read(self, path: str) -> bytes | None:
        """What stands beside the CRLs."""
        found, _ = await self._run(partial(self._octets, f"{self._place.prefix}{path}"))
        return found

    async def lay(self, paper: Paper) -> bool:
        """Put it beside the CRLs, unless it is there."""
        return await self._run(partial(self._lay, f"{self._place.prefix}{paper.path}", paper))

    def close(self) -> None:
        """Let the thread end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _key(self, name: str) -> str:
        return f"{self._place.prefix}{name}.crl"

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _put(self, key: str, crl: PublishedCrl) -> bool:
        for _ in range(TRIES):
            there, tag = self._standing(key)
            if not must_be_put(there, crl, f"the bucket's {key}"):
                return False
            what = _Object(crl.der, "application/pkix-crl", _metadata(crl))
            if self._written(key, what, tag):
                return True
        raise _overtaken(key)

    def _lay(self, key: str, paper: Paper) -> bool:
        for _ in range(TRIES):
            there, tag = self._octets(key)
            if not must_be_laid(there, paper, f"the bucket's {key}"):
                return False
            if self._written(key, _Object(paper.octets, paper.media_type, {}), tag):
                return True
        raise _overtaken(key)

    def _octets(self, key: str) -> tuple[bytes | None, str | None]:
        """What is there, and its tag."""
        try:
            found = self._client.get_object(Bucket=self._place.bucket, Key=key)
            return found["Body"].read(), found["ETag"]
        except ClientError as error:
            if status_of(error) == HTTPStatus.NOT_FOUND:
                return None, None
            raise refused(key, error) from error
        except BotoCoreError as error:
            raise unreachable(error) from error

    def _standing(self, key: str) -> tuple[Standing | None, str | None]:
        """The CRL there, if it is one, and the object's tag, if there is one."""
        place = {"Bucket": self._place.bucket, "Key": key}
        try:
            found = self._client.head_object(**place)
            standing = _said(found.get("Metadata", {}))
            if standing is None:
                found = self._client.get_object(**place)
                standing = Standing.of(found["Body"].read())
        except ClientError as error:
            if status_of(error) == HTTPStatus.NOT_FOUND:
                return None, None
            raise refused(key, error) from error
        except BotoCoreError as error:
            raise unreachable(error) from error
        return standing, found["ETag"]

    def _written(self, key: str, what: _Object, tag: str | None) -> bool:
        """Write it if nothing changed there since; false when something did."""
        condition = {} if not self._place.conditional else _condition(tag)
        try:
            self._client.put_object(
                Bucket=self._place.bucket,
                Key=key,
                Body=what.octets,
                ContentMD5=_md5(what.octets),
                ContentType=what.media_type,
                CacheControl=f"max-age={self._place.max_age}, public, no-transform",
                Metadata=what.metadata,
                **condition,
            )
        except ClientError as error:
            if status_of(error) in {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT}:
                return False
            raise refused(key, error) from error
        except BotoCoreError as error:
            raise unreachable(error) from error
        return True


def _overtaken(key: str) -> Conflict:
    return Conflict(
        message=f"another writer is always first at {key}",
        next_step="let one publisher alone write to the bucket",
    )


def _condition(tag: str | None) -> Mapping[str, str]:
    return {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}


def _metadata(crl: PublishedCrl) -> dict[str, str]:
    standing = Standing.of(crl.der)
    if standing is None:
        return {}
    return {
        _NUMBER: str(standing.number),
        _AUTHORITY: standing.authority.hex(),
        _SHA256: standing.sha256.hex(),
    }


def _said(metadata: Mapping[str, str]) -> Standing | None:
    """What an object's metadata say of the CRL in it, if they do."""
    said = {name.lower(): value for name, value in metadata.items()}
    try:
        return Standing(
            number=int(said[_NUMBER]),
            authority=bytes.fromhex(said[_AUTHORITY]),
            sha256=bytes.fromhex(said[_SHA256]),
        )
    except (KeyError, ValueError):
        return None


def _md5(octets: bytes) -> str:
    digest = hashlib.md5(octets, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")
