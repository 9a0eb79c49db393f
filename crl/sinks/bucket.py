"""CRLs as objects in an S3-compatible bucket.

Who may write is the library's business: environment, credential file, or the machine's own role.
Every write is conditional on what was there, so that two writers cannot set a number back.
"""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from crl.sinks.order import Standing, must_be_put
from pki.domain.errors import Conflict, Unavailable
from pki.domain.records import PublishedCrl

T = TypeVar("T")

TRIES: Final = 3
"""How often a write is begun anew when another writer was first."""

_NUMBER, _AUTHORITY, _SHA256 = "crl-number", "crl-authority", "crl-sha256"
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_SAY_MORE: Final = logging.WARNING


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the bucket is reached; without ``endpoint``, Amazon's own for the region."""

    endpoint: str | None
    region: str
    path_style: bool
    credentials_file: Path | None
    ca_file: Path | None


class ObjectStore(Protocol):
    """The three calls of S3 that are made."""

    def head_object(self, **words: Any) -> dict[str, Any]:  # noqa: ANN401 -- the library's own form
        """What is known of an object."""
        ...

    def get_object(self, **words: Any) -> dict[str, Any]:  # noqa: ANN401 -- as above
        """An object with its octets."""
        ...

    def put_object(self, **words: Any) -> dict[str, Any]:  # noqa: ANN401 -- as above
        """Write an object."""
        ...


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
            if self._written(key, crl, tag):
                return True
        raise Conflict(
            message=f"another writer is always first at {key}",
            next_step="let one publisher alone write to the bucket",
        )

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
            if _status(error) == HTTPStatus.NOT_FOUND:
                return None, None
            raise _refused(key, error) from error
        except BotoCoreError as error:
            raise _unreachable(error) from error
        return standing, found["ETag"]

    def _written(self, key: str, crl: PublishedCrl, tag: str | None) -> bool:
        """Write it if nothing changed there since; false when something did."""
        condition = {} if not self._place.conditional else _condition(tag)
        try:
            self._client.put_object(
                Bucket=self._place.bucket,
                Key=key,
                Body=crl.der,
                ContentMD5=_md5(crl.der),
                ContentType="application/pkix-crl",
                CacheControl=f"max-age={self._place.max_age}, public, no-transform",
                Metadata=_metadata(crl),
                **condition,
            )
        except ClientError as error:
            if _status(error) in {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT}:
                return False
            raise _refused(key, error) from error
        except BotoCoreError as error:
            raise _unreachable(error) from error
        return True


def connect(access: Access) -> ObjectStore:
    """A client; nothing is asked of the server yet.

    Raises:
        Unavailable: there is no such credential file, or it cannot be read.
    """
    for noisy in ("botocore", "urllib3"):
        # What these say of requests at finer levels holds signatures and key ids.
        logging.getLogger(noisy).setLevel(_SAY_MORE)
    session = Session()
    if access.credentials_file is not None:
        session.set_config_variable("credentials_file", str(access.credentials_file))
    try:
        client: ObjectStore = session.create_client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint,
            verify=None if access.ca_file is None else str(access.ca_file),
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                # What fails is tried again by whoever calls, with pauses that grow.
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path" if access.path_style else "auto"},
                # Content-MD5 is sent, which servers other than Amazon's know as well.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    except BotoCoreError as error:
        raise _unreachable(error) from error
    return client


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


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _refused(key: str, error: ClientError) -> Unavailable:
    code = error.response.get("Error", {}).get("Code", "")
    step = "look at the bucket's policy: Get and Put of objects, and List, are needed"
    if _status(error) == HTTPStatus.NOT_IMPLEMENTED:
        step = "if this server knows no conditional writes: crl_bucket.conditional = false"
    return Unavailable(
        message=f"the bucket refuses {error.operation_name} of {key}: {code}", next_step=step
    )


def _unreachable(error: BotoCoreError) -> Unavailable:
    return Unavailable(
        message=f"the bucket cannot be used: {type(error).__name__}",
        next_step="look at endpoint and credentials in [crl_bucket], and at the network",
    )
