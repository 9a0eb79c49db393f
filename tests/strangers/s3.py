"""SeaweedFS, an S3 server of other people, on loopback: started, asked and ended by tests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from installed.program import Running, until
from strangers.ports import free_port

WEED = Path(sys.executable).with_name("weed")
BUCKET = "zorgid-crl"
REGION = "us-east-1"
KEY_ID, SECRET = "practice-key-id", "practice-secret-that-nobody-may-read"

_SERVED = ("s3", "master", "volume", "filer")


@dataclass(frozen=True, kw_only=True)
class ObjectServer:
    """A running server with one empty bucket; ``client`` is the library's, without any of ours."""

    endpoint: str
    client: Any
    credentials: Path

    def objects(self) -> set[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET)
        return {each["Key"] for each in found.get("Contents", ())}


@contextmanager
def object_server(folder: Path) -> Iterator[ObjectServer]:
    """A server with its data in this folder."""
    credentials = folder / "credentials"
    credentials.write_text(
        f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n", "utf-8"
    )
    credentials.chmod(0o600)
    names = [f"{each}{end}" for each in _SERVED for end in (".port", ".port.grpc")]
    ports = {name: free_port() for name in names}
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    with Running(_started(folder, ports), folder / "weed.log") as server:
        client = _client(endpoint)

        def ready() -> bool:
            if server.code is not None:
                raise AssertionError(f"it ended with {server.code}: {server.log}")
            return _has_bucket(client)

        until(ready, "the S3 server takes a bucket", lambda: server.log)
        yield ObjectServer(endpoint=endpoint, client=client, credentials=credentials)
        # It takes its time to end well, and nothing of it is needed any more.
        server.kill()


def _started(folder: Path, ports: dict[str, int]) -> subprocess.Popen[bytes]:
    data = folder / "data"
    data.mkdir()
    who = {
        "name": "publisher",
        "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [who]}), "utf-8")
    words = [
        *(str(WEED), "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-s3.autoCreateBucket=false", "-volume.max=20", "-master.volumeSizeLimitMB=16"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    with (folder / "weed.log").open("wb") as log:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )


def _client(endpoint: str) -> Any:
    session = Session()
    session.set_credentials(KEY_ID, SECRET)
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return session.create_client("s3", region_name=REGION, endpoint_url=endpoint, config=config)


def _has_bucket(client: Any) -> bool:
    """It listens before it can keep anything."""
    try:
        if not client.list_buckets()["Buckets"]:
            client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"yes")
        client.delete_object(Bucket=BUCKET, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    return True
