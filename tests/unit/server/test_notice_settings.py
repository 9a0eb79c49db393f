"""[notices]: what is refused, and what the mail server's client is given."""

from pathlib import Path
from typing import Any

import pytest

from letters.configured import configured
from pki.domain.errors import ConfigurationInvalid
from pki.notify.smtp import LogIn
from server.notices.carrying import mail_server, sender_of
from server.setting.notices import SmtpSettings


def smtp(**changed: object) -> dict[str, Any]:
    return {"smtp": {"host": "smtp.zorg.example", "sender": "noreply@zorg.example"} | changed}


def test_by_default_nothing_is_mailed(tmp_path: Path) -> None:
    assert configured(tmp_path, {}).notices.smtp is None


def test_by_default_mail_is_encrypted(tmp_path: Path) -> None:
    found = configured(tmp_path, smtp()).notices.smtp
    assert found is not None
    assert (found.security, found.port) == ("starttls", 587)
    server = mail_server(found)
    assert server.tls.check_hostname
    assert server.log_in is None
    assert server.greeting == "zorg.example"


@pytest.mark.parametrize(
    ("notices", "said"),
    [
        (smtp(security="none"), "on this computer"),
        (smtp(security="ssl"), "notices.smtp.security"),
        (smtp(user="zorgid"), "both or neither"),
        (smtp(password_file="x"), "both or neither"),
        (smtp(sender="noreply"), "not an e-mail address"),
        (smtp(sender="a@b.nl\r\nBcc: c@d.nl"), "not an e-mail address"),
        (smtp(sender_name="a\r\nBcc: c@d.nl"), "notices.smtp.sender_name"),
        (smtp(host="smtp example"), "notices.smtp.host"),
        (smtp(port=0), "notices.smtp.port"),
        (smtp(ca_file="none.pem"), "does not exist"),
        (smtp(password="secret word"), "notices.smtp.password"),
        ({"calendar_url": "http://agenda.example"}, "https://"),
        ({"calendar_url": "https://agenda.example/"}, "not end in /"),
    ],
)
def test_what_is_refused(tmp_path: Path, notices: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said) as refused:
        configured(tmp_path, notices)
    assert "secret word" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_in_the_clear_on_this_computer_only(tmp_path: Path, host: str) -> None:
    found = configured(tmp_path, smtp(security="none", host=host)).notices.smtp
    assert found is not None


def test_the_log_in_is_read_from_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "password"
    settings = SmtpSettings(
        host="smtp.zorg.example",
        sender="noreply@ZORG.example",
        user="zorgid",
        password_file=path,
    )
    assert sender_of(settings).address.value == "noreply@zorg.example"
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        mail_server(settings)
    path.write_text("secret word\n", "utf-8")
    path.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="read by others") as refused:
        mail_server(settings)
    assert "chmod 600" in refused.value.next_step
    path.chmod(0o600)
    assert mail_server(settings).log_in == LogIn(user="zorgid", password="secret word")


def test_ca_certificates_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing", "utf-8")
    settings = SmtpSettings(
        host="smtp.zorg.example", sender="noreply@zorg.example", ca_file=path.resolve()
    )
    with pytest.raises(ConfigurationInvalid, match="holds no certificates"):
        mail_server(settings)
