"""Roll-over by ceremony: a second root and Token CA, and links between the roots' generations."""

import asyncio
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.ceremony.links import prepare_link
from ca.practice import Moment
from ca.profiles import load_profiles
from ceremonies.rolled import Papers, Rolled, hold, link_parts, under_second_root
from ceremonies.table import HOLDERS, der_sha256, key_parts
from conformance.java_judge import judged
from fixtures.ceremony import ROOT_CRL_PARTS, ROOT_FOLDER, Held, room_in
from fixtures.signers import HOLDER, PROFILES, signer
from pki.api.fields import from_pem, to_pem
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.keys.soft import SoftSigner
from pki.ports import SystemClock, SystemEntropy
from server.ceremony.commands import check, script, verify
from server.ceremony.keys.shares import combine
from server.ceremony.loading import load


@pytest.fixture(scope="module")
def rolled(held: Held, tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    folder = tmp_path_factory.mktemp("rolled")
    for name in (ROOT_FOLDER, "TEST-token"):
        shutil.copytree(held.room.folder / name, folder / name)
    room = room_in(folder)
    papers: dict[str, Papers] = {"root": dict(held.room.table.shares)}
    second = key_parts("root", "rsa-3072") + ROOT_CRL_PARTS
    plans = [hold(room, room.plan("root-2", second, kind="root"))]
    papers["root-2"] = dict(room.table.shares)
    key = key_parts("token-ca", "rsa-3072")
    plans.append(hold(room, room.plan("token-key-2", key, kind="key")))
    papers["token-key-2"] = dict(room.table.shares)
    for name, papers_of, kind, parts in (
        ("token-2", "root-2", "certificate", under_second_root(room)),
        ("new-with-old", "root", "link", link_parts(room, signs="root", key_of="root-2")),
        ("old-with-new", "root-2", "link", link_parts(room, signs="root-2", key_of="root")),
    ):
        room.table.shares = {who: dict(words) for who, words in papers[papers_of].items()}
        plan = room.plan(name, parts, kind=kind)
        if name == "token-2":
            where = '[ca]\nroot_published_as = "zorg-id-root-ca-g2"'
            plan.write_text(plan.read_text().replace("[ca]", where))
        plans.append(hold(room, plan))
    return Rolled(room=room, papers=papers, plans=tuple(plans))


@pytest.fixture(scope="module")
def card(rolled: Rolled) -> Path:
    """A card of the second generation."""
    papers = rolled.papers["token-key-2"]
    words = [[papers[who][str(place)] for place in range(1, 34)] for who in HOLDERS[:2]]
    key = rolled.path("token-key-2", "token-ca.key.pem")
    settings = load(rolled.plans[0], practice=False).plan.ca
    profiles = load_profiles(PROFILES, settings=settings)
    chain = (rolled.certificate("token-2", "token-ca"), rolled.certificate("root-2", "root"))
    authority = CertificationAuthority.open(
        IssuerId("token-ca-g2"),
        chain=tuple(each.der for each in chain),
        signer=SoftSigner.load(key, combine(words).hex().encode()),
        profiles=AuthorityProfiles(
            ca=profiles["token-ca"],
            person=profiles["card-rsa2048"],
            responder=profiles["ocsp-responder"],
        ),
        settings=settings,
        entropy=SystemEntropy(),
    )
    public_key = signer(KeyType.RSA_2048, "card").public_key
    prepared = authority.prepare_card(HOLDER, public_key, SystemClock().now())
    path = rolled.room.folder / "card.pem"
    path.write_text(to_pem(asyncio.run(authority.sign(prepared.tbs))))
    return path


def test_every_ceremony_of_the_roll_over_verifies(rolled: Rolled) -> None:
    for plan in rolled.plans:
        assert verify(plan, practice=False).result["wrong"] == []


def test_a_link_has_the_name_of_both_and_the_life_that_follows(rolled: Rolled) -> None:
    old, new = rolled.certificate("root", "root"), rolled.certificate("root-2", "root")
    for folder, linked, issuer in (("new-with-old", new, old), ("old-with-new", old, new)):
        link = rolled.certificate(folder, "link")
        assert link.content.subject_der == link.content.issuer_der == old.content.subject_der
        assert link.content.public_key == linked.content.public_key
        assert link.authority_key_id == issuer.subject_key_id
        assert link.content.not_before == linked.content.not_before
        assert link.content.not_after == old.content.not_after
        assert [policy.oid for policy in link.policies or ()] == ["2.5.29.32.0"]


def test_a_token_ca_of_the_new_root_names_that_roots_list(rolled: Rolled) -> None:
    urls = [rolled.certificate(name, "token-ca").crl_urls for name in ("token", "token-2")]
    assert urls == [
        ("http://ca.example/crl/zorg-id-root-ca.crl",),
        ("http://ca.example/crl/zorg-id-root-ca-g2.crl",),
    ]


def _run(*command: str | Path) -> tuple[int, str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def _openssl(leaf: Path, *, anchor: Path, between: tuple[Path, ...]) -> tuple[int, str]:
    untrusted = [word for path in between for word in ("-untrusted", path)]
    strict = ("-x509_strict", "-check_ss_sig", "-policy_check", "-explicit_policy")
    policy = ("-policy", "2.999.1.1")
    return _run("openssl", "verify", *strict, *policy, "-CAfile", anchor, *untrusted, leaf)


@pytest.mark.openssl
def test_openssl_goes_from_the_old_root_to_a_new_card(rolled: Rolled, card: Path) -> None:
    token_ca = rolled.path("token-2", "token-ca.pem")
    link = rolled.path("new-with-old", "link.pem")
    assert _openssl(card, anchor=rolled.new_root, between=(token_ca,))[0] == 0
    code, said = _openssl(card, anchor=rolled.old_root, between=(token_ca, link))
    assert (code, said.strip()) == (0, f"{card}: OK")
    code, said = _openssl(card, anchor=rolled.old_root, between=(token_ca,))
    assert code != 0, said


@pytest.mark.openssl
def test_openssl_goes_from_the_new_root_to_the_old_token_ca(rolled: Rolled) -> None:
    old_ca, link = rolled.path("token", "token-ca.pem"), rolled.path("old-with-new", "link.pem")
    assert _openssl(old_ca, anchor=rolled.new_root, between=(link,))[0] == 0
    assert _openssl(old_ca, anchor=rolled.new_root, between=())[0] != 0


@pytest.mark.certtool
@pytest.mark.parametrize("linked", [True, False])
def test_gnutls_goes_from_the_old_root_to_a_new_card(
    rolled: Rolled, card: Path, tmp_path: Path, *, linked: bool
) -> None:
    between = [rolled.path("token-2", "token-ca.pem")]
    between += [rolled.path("new-with-old", "link.pem")] if linked else []
    chain = tmp_path / "chain.pem"
    chain.write_text("".join(path.read_text() for path in (card, *between)))
    trusted = ("--load-ca-certificate", rolled.old_root)
    code, said = _run("certtool", "--verify", *trusted, "--infile", chain)
    assert ("Verified. The certificate is trusted." in said) is linked, said
    assert (code == 0) is linked


@pytest.mark.java
def test_java_goes_from_either_root_to_what_the_other_made(
    rolled: Rolled, card: Path, tmp_path: Path
) -> None:
    paths = {
        "old-root": rolled.old_root,
        "new-root": rolled.new_root,
        "new-with-old": rolled.path("new-with-old", "link.pem"),
        "old-with-new": rolled.path("old-with-new", "link.pem"),
        "old-ca": rolled.path("token", "token-ca.pem"),
        "new-ca": rolled.path("token-2", "token-ca.pem"),
        "card": card,
    }
    for name, path in paths.items():
        (tmp_path / name).write_bytes(from_pem(path.read_text("ascii")))
    now = int(SystemClock().now().timestamp())
    good = (
        f"path {now} old-root - card,new-ca,new-with-old",
        f"path {now} new-root - old-ca,old-with-new",
    )
    bad = (f"path {now} old-root - card,new-ca", f"path {now} new-root - old-ca")
    answers = judged([*good, *bad], tmp_path)
    assert [answer.partition(" ")[0].strip(",") for answer in answers] == [
        *("valid", "valid"),
        *("refused", "refused"),
    ], answers


def test_check_and_script_say_which_way_the_link_goes(rolled: Rolled, tmp_path: Path) -> None:
    for name, way in (("new-with-old", "NewWithOld"), ("old-with-new", "OldWithNew")):
        plan = rolled.room.folder / f"{name}.toml"
        again = plan.with_name(f"{name}-again.toml")
        again.write_text(plan.read_text().replace(f'folder = "{name}"', f'folder = "{name}-3"', 1))
        assert any(way in line for line in check(again, practice=False).lines)
        script(again, practice=False, out=tmp_path / f"{name}.html")
        assert way in (tmp_path / f"{name}.html").read_text()


def test_a_link_to_the_same_key_or_an_unreviewed_root_is_refused(rolled: Rolled) -> None:
    own = link_parts(rolled.room, signs="root", key_of="root")
    with pytest.raises(ConfigurationInvalid, match="the issuer's own key"):
        check(rolled.room.plan("refused", own, kind="link"), practice=False)
    parts = link_parts(rolled.room, signs="root", key_of="root-2")
    unseen = parts.replace(der_sha256(rolled.new_root), "0" * 64)
    with pytest.raises(ConfigurationInvalid, match=r"link\.certificate_sha256"):
        check(rolled.room.plan("refused", unseen, kind="link"), practice=False)


def test_a_link_is_for_a_root_only(rolled: Rolled) -> None:
    parts = link_parts(rolled.room, signs="root", key_of="root-2")
    token_ca = rolled.path("token", "token-ca.pem")
    digest = der_sha256(rolled.new_root)
    parts = parts.replace(digest, der_sha256(token_ca))
    parts = parts.replace("TEST-root-2/TEST-root.pem", "TEST-token/TEST-token-ca.pem")
    with pytest.raises(ConfigurationInvalid, match="is no root"):
        check(rolled.room.plan("refused", parts, kind="link"), practice=False)


def test_a_link_outside_a_roots_life_is_refused(rolled: Rolled) -> None:
    plan = rolled.room.plan(
        "late", link_parts(rolled.room, signs="root", key_of="root-2"), kind="link"
    )
    ceremony = load(plan, practice=False)
    issuer = ceremony.issuer()
    late = SystemClock().now() + timedelta(days=366 * 21)
    moment = Moment(now=late, entropy=SystemEntropy())
    with pytest.raises(ConfigurationInvalid, match="both roots must be valid"):
        prepare_link(ceremony.profile(), ceremony.linked_certificate(), issuer, moment)


def test_broken_off_now_and_then_a_link_is_made_once(rolled: Rolled, tmp_path: Path) -> None:
    at, ended = 0, False
    for name in ("TEST-root", "TEST-root-2"):
        shutil.copytree(rolled.room.folder / name, tmp_path / name)
    room = room_in(tmp_path)
    while not ended:
        at += 3
        room.table.shares = {who: dict(words) for who, words in rolled.papers["root"].items()}
        parts = link_parts(room, signs="root", key_of="root-2")
        plan = room.plan(f"link-{at}", parts, kind="link")
        ended = room.table.hold_broken_off(plan, at)
        assert verify(plan, practice=False).code == 0
    assert at > 15
