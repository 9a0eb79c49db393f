"""How a bucket is reached, and what its failures mean."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from pki.domain.errors import Unavailable

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 30
_SAY_MORE: Final = logging.WARNING


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
        raise unreachable(error) from error
    return client


def status_of(error: ClientError) -> int:
    """The status of the answer; 0 when there was none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def refused(key: str, error: ClientError) -> Unavailable:
    """What it means that the server does not do it."""
    code = error.response.get("Error", {}).get("Code", "")
    step = "look at the bucket's policy: Get and Put of objects, and List, are needed"
    if status_of(error) == HTTPStatus.NOT_IMPLEMENTED:
        step = "if this server knows no conditional writes: crl_bucket.conditional = false"
    return Unavailable(
        message=f"the bucket refuses {error.operation_name} of {key}: {code}", next_step=step
    )


def unreachable(error: BotoCoreError) -> Unavailable:
    """What it means that there was no answer."""
    return Unavailable(
        message=f"the bucket cannot be used: {type(error).__name__}",
        next_step="look at endpoint and credentials in [crl_bucket], and at the network",
    )
