"""The program is started on something that cannot be right: it says what, and what to do next."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from installed.practice import Practice
from installed.program import exchanged
from pki.domain.algorithms import KeyType
from pki.keys.soft import generate
from server.cli import run

pytestmark = pytest.mark.slow

FINDING, USAGE = 1, 2


def unknown_key(practice: Practice) -> None:
    practice.change(("[status]\n", "[status]\nanswer_lifetime = 900\n"))


def wrong_type(practice: Practice) -> None:
    practice.change(("[status]\n", '[status]\nmax_age_seconds = "ten"\n'))


def not_utf8(practice: Practice) -> None:
    practice.config.write_text(practice.config.read_text("utf-8"), "utf-16")


def not_toml(practice: Practice) -> None:
    text = practice.config.read_text("utf-8").splitlines(keepends=True)
    text.insert(6, "spare = = 1\n")
    practice.config.write_text("".join(text), "utf-8")


def nothing(practice: Practice) -> None:
    practice.config.write_bytes(b"")


def one_port_twice(practice: Practice) -> None:
    base = practice.ports.base
    practice.change((f'"127.0.0.1:{base + 1}"', f'"127.0.0.1:{base}"'))


def readable_password(practice: Practice) -> None:
    url = "postgresql+psycopg://zorgid:canary@127.0.0.1:1/zorgid"
    practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{url}"'))
    practice.config.chmod(0o644)


def no_profiles(practice: Practice) -> None:
    for path in practice.layout.root.joinpath("profiles").iterdir():
        path.unlink()


def no_secrets(practice: Practice) -> None:
    practice.layout.secret("sealing.key").unlink()


def file_for_folder(practice: Practice) -> None:
    practice.layout.root.joinpath("a-file").touch()
    practice.change(('locks = "locks"', 'locks = "a-file"'))


def plain_api(practice: Practice) -> None:
    """There is no such setting, and nothing else that makes the API plain HTTP."""
    practice.change(("[api]\n", "[api]\ntls = false\n"))


def missing_file(practice: Practice) -> None:
    practice.layout.certificate("token-ca-g1").unlink()


def comma_in_name(practice: Practice) -> None:
    practice.change(('name = "ZORG-ID Token CA"', 'name = "ZORG-ID, Token CA"'))


def foreign_key(practice: Practice) -> None:
    """A key of the right kind, under the right passphrase, of another CA."""
    path = practice.layout.key("token-ca-g1")
    path.unlink()
    generate(KeyType.RSA_2048, path, practice.layout.secret("passphrase").read_bytes())


def wrong_passphrase(practice: Practice) -> None:
    practice.layout.secret("passphrase").write_bytes(b"0" * 48)


def readable_passphrase(practice: Practice) -> None:
    practice.layout.secret("passphrase").chmod(0o640)


def readable_key(practice: Practice) -> None:
    practice.layout.key("token-ca-g1").chmod(0o644)


def public_metrics(practice: Practice) -> None:
    practice.change((f"127.0.0.1:{practice.metrics_port}", f"0.0.0.0:{practice.metrics_port}"))


def practice_ca_in_production(practice: Practice) -> None:
    """Whoever sets the kind in the configuration and in the store is stopped by the CA's name."""
    practice.change(
        ('kind = "practice"', 'kind = "production"'),
        ("ZORG-ID PRACTICE", "ZORG-ID"),
        ("1.3.6.1.4.1.32473.2026", "1.3.6.1.4.1.54321.1"),
    )
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        store.execute("UPDATE installation SET kind = 'production'")


def newer_schema(practice: Practice) -> None:
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")


def no_store(practice: Practice) -> None:
    for path in practice.layout.store.parent.iterdir():
        path.unlink()


Break = Callable[[Practice], None]


@pytest.mark.parametrize(
    ("damage", "named", "advice"),
    [
        (
            unknown_key,
            "setting status.answer_lifetime is unknown",
            "did you mean status.answer_lifetime_seconds?",
        ),
        (wrong_type, "status.max_age_seconds: Input should be a valid integer", "correct"),
        (not_utf8, "is not UTF-8 text (line 1)", "save it anew, as UTF-8"),
        (not_toml, "is not TOML: Invalid value (at line 7", "mend that line"),
        (nothing, "is empty", "zorgid init DIR"),
        (one_port_twice, "api.listen: is the same as status.listen", "another port"),
        (readable_password, "holds a password, and everyone may read", "chmod 640"),
        (plain_api, "setting api.tls is unknown", "take api.tls out"),
        (missing_file, "token-ca-g1.pem does not exist", "correct token_ca.0.certificate"),
        (comma_in_name, "a CA name may not hold ','", "correct token_ca.0.name"),
        (
            public_metrics,
            "metrics.listen: is not meant for the network: give a loopback address, 127.0.0.1:",
            "correct metrics.listen",
        ),
    ],
)
def test_a_configuration_that_cannot_be_right_is_refused(
    practice: Practice, capsys: pytest.CaptureFixture[str], damage: Break, named: str, advice: str
) -> None:
    damage(practice)
    for command in ("serve", "doctor"):
        assert run([command, "--config", str(practice.config)]) == USAGE
        printed = capsys.readouterr()
        assert printed.out == ""
        said, step = printed.err.splitlines()
        assert said.startswith("zorgid: ")
        assert named in said
        assert step.startswith("  next: ")
        assert advice in step
        assert "canary" not in printed.err


@pytest.mark.parametrize(
    ("damage", "code", "named", "advice"),
    [
        (no_profiles, USAGE, "profiles holds no profile", "restore the one"),
        (no_secrets, USAGE, "sealing key sealing.key cannot be read", "from the backup"),
        (file_for_folder, USAGE, "a-file cannot be used: File exists", "may read and write"),
        (foreign_key, FINDING, "do not belong together", "the key and the certificate of one"),
        (wrong_passphrase, USAGE, "token-ca-g1.pem", ""),
        (readable_passphrase, USAGE, "may be read by others", "chmod 600"),
        (readable_key, USAGE, "may be read or written by others", "chmod 600"),
        (practice_ca_in_production, FINDING, "has another name", "operator's name"),
        (newer_schema, FINDING, "schema 9999, newer than", "install the release that made it"),
        (no_store, 4, "there is no store", "zorgid init"),
    ],
)
def test_it_does_not_start(
    practice: Practice, damage: Break, code: int, named: str, advice: str
) -> None:
    damage(practice)
    ran = practice.zorgid("serve", "--config", str(practice.config))
    assert ran.returncode == code, ran.stderr
    assert ran.stdout == ""
    said = [line for line in ran.stderr.splitlines() if not line.startswith("{")]
    assert said[0].startswith("zorgid: ")
    assert named in said[0]
    assert said[1].startswith("  next: ")
    assert advice in said[1]
    assert "Traceback" not in ran.stderr


def test_an_exclusive_role_runs_once_and_the_first_goes_on(practice: Practice) -> None:
    with practice.serving() as first:
        for role in ("issuance", "publisher"):
            second = practice.zorgid("serve", "--config", str(practice.config), "--role", role)
            assert second.returncode == FINDING
            assert f"process {first.process.pid} already has the role" in second.stderr
            assert "  next: stop that process first" in second.stderr
        assert exchanged(f"http://127.0.0.1:{practice.metrics_port}/readyz")[0] == 200
    with practice.serving() as again:
        assert again.code is None


def test_a_port_that_is_taken_is_named(practice: Practice) -> None:
    with practice.serving():
        config = practice.status_config()
        second = practice.zorgid("serve", "--config", str(config), "--role", "status")
    assert second.returncode == FINDING, second.stderr
    assert f"127.0.0.1:{practice.ports.base} cannot be used" in second.stderr
    assert "  next: stop the program that has the port" in second.stderr


def test_a_role_that_does_not_exist_is_a_wrong_use(practice: Practice) -> None:
    ran = practice.zorgid("serve", "--config", str(practice.config), "--role", "oscp")
    assert (ran.returncode, ran.stdout) == (USAGE, "")
    assert "'oscp' is not a role" in ran.stderr
    assert "give all, issuance, status or publisher" in ran.stderr
