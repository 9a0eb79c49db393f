"""Settings of sinks: what may be reached how, and who may read the credentials."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fakes.status import FakeClock
from pki.domain.errors import ConfigurationInvalid
from server.crls.sinks import configured_sinks
from server.setting.sinks import CrlBucketSettings
from server.settings import Settings


def with_bucket(**changes: object) -> Settings:
    bucket = CrlBucketSettings.model_validate({"bucket": "zorgid-crl", **changes})
    sections: dict[str, Any] = {"crl_folder": None, "crl_bucket": bucket}
    return Settings.model_construct(**sections)


@pytest.mark.parametrize(
    "endpoint",
    ["https://s3.example", "http://127.0.0.1:8333", "http://localhost", "http://[::1]:1"],
)
def test_a_protected_endpoint(endpoint: str) -> None:
    assert CrlBucketSettings(bucket="zorgid-crl", endpoint=endpoint).endpoint == endpoint


@pytest.mark.parametrize("endpoint", ["http://s3.example", "ftp://localhost", "https://", "s3", ""])
def test_an_endpoint_that_shows_who_writes(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        CrlBucketSettings(bucket="zorgid-crl", endpoint=endpoint)


@pytest.mark.parametrize(
    "change", [{"bucket": "A_b"}, {"prefix": "/crl/"}, {"prefix": "crl"}, {"secret_key": "x"}]
)
def test_names_that_no_bucket_has_and_secrets_in_the_configuration(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        with_bucket(**change)


def test_credentials_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s3"
    settings = with_bucket(credentials_file=str(path))
    with pytest.raises(ConfigurationInvalid, match="is not there"):
        list(configured_sinks(settings, FakeClock()))
    path.write_text("[default]\n")
    path.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="read by others") as caught:
        list(configured_sinks(settings, FakeClock()))
    assert caught.value.next_step == f"chmod 600 {path}"
    path.chmod(0o600)
    (sink,) = configured_sinks(settings, FakeClock())
    assert sink.name == "bucket"
