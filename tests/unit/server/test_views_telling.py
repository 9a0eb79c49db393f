"""What the doctor says of the views: which one disagrees, about which serial, and what to do."""

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.observe.views.expected import Disagreement, Unseen
from pki.observe.views.verifier import Verified
from server.views.telling import findings_of

VIEWS = ("ocsp-get", "crl", "ldap:noord")
SERIAL = SerialNumber((1 << 156) + 7)
ALIKE = Verified(examined=3, views=VIEWS, disagreements=(), unseen=())


def disagreement(view: str, seen: str) -> Disagreement:
    return Disagreement(
        view=view, issuer=IssuerId("token-ca-g1"), serial=SERIAL, expected="good", seen=seen
    )


def found(
    *disagreements: Disagreement, unseen: tuple[Unseen, ...] = ()
) -> list[tuple[str, str, str]]:
    verified = Verified(examined=3, views=VIEWS, disagreements=disagreements, unseen=unseen)
    return [(each.level, each.text, each.next_step) for each in findings_of(verified)]


def test_all_alike_is_said_once() -> None:
    [(level, text, _)] = found()
    assert (level, text) == ("ok", "3 serials look alike in store, OCSP, CRL and directory")


def test_each_view_that_disagrees_is_named_with_both_sides() -> None:
    said = found(
        disagreement("ocsp-get", "on hold"),
        disagreement("crl", "not listed"),
        disagreement("ldap:noord", "not shown"),
    )
    assert [level for level, _, _ in said] == ["problem"] * 3
    for (_, text, next_step), (view, seen) in zip(
        said,
        [("ocsp-get", "on hold"), ("crl", "not listed"), ("ldap:noord", "not shown")],
        strict=True,
    ):
        assert text == f"{view} says of {SERIAL}: {seen}; the store: good"
        assert "zorgid ldap verify" in next_step


def test_who_cannot_be_seen_is_named_and_hides_nobody() -> None:
    unseen = (Unseen(view="crl", why="answers HTTP 404"),)
    levels = [(level, text) for level, text, _ in found(unseen=unseen)]
    assert levels[0] == ("warning", "crl cannot be compared: answers HTTP 404")
    assert [level for level, _ in levels] == ["warning", "ok"]
    assert [each[0] for each in found(disagreement("crl", "good"), unseen=unseen)] == [
        "warning",
        "problem",
    ]


def test_where_nothing_can_be_seen_nothing_is_called_well() -> None:
    unseen = tuple(Unseen(view=each, why="gone") for each in VIEWS)
    assert [each[0] for each in found(unseen=unseen)] == ["warning"] * 3
