"""Permissions, messages, and how each error is answered."""

import json
import re
from typing import Any

import pytest

import pki.domain.errors as tree
from fakes.issuance import APOTHEEK, HUISARTS
from issuance.http.problems import STATUSES, answer_to, message_of, problem_response, status_of
from issuance.rules.messages import ERRORS, REFUSALS
from issuance.rules.permissions import (
    MAY,
    OPERATOR_ROLES,
    Action,
    Reach,
    require,
    require_for_card,
)
from pki.domain.errors import Forbidden, IntegrityBroken, Refused, ZorgidError
from pki.domain.identifiers import PersonId, Ura
from pki.domain.people import Operator, Role
from pki.domain.reasons import RefusalReason

CARD_ACTIONS = [
    Action.READ_CARD,
    Action.READ_HISTORY,
    Action.BLOCK_CARD,
    Action.UNBLOCK_CARD,
    Action.REVOKE_CARD,
    Action.LINK_CARD,
    Action.UNLINK_CARD,
]


def operator(role: Role, ura: Ura | None) -> Operator:
    return Operator(id=PersonId("11" * 16), role=role, ura=ura, certificate_sha256=bytes(32))


def classes(root: type[ZorgidError]) -> list[type[ZorgidError]]:
    below = [cls for each in root.__subclasses__() for cls in classes(each)]
    return [root, *below] if root.__module__ == tree.__name__ else below


def example(cls: type[ZorgidError]) -> ZorgidError:
    values: dict[str, Any] = {
        "message": "secret inside",
        "what": "thing",
        "rule": "rule",
        "key": "a.b",
        "reason": RefusalReason.CARD_STATE,
        "position": 7,
        "findings": ("x",),
        "retry_after": 7,
    }
    fields = cls.__dataclass_fields__
    return cls(**{name: value for name, value in values.items() if name in fields})


@pytest.mark.parametrize("cls", classes(ZorgidError))
def test_every_error_is_mapped_by_its_own_branch(cls: type[ZorgidError]) -> None:
    nearest = next(each for each in cls.__mro__ if each in STATUSES)
    assert nearest is not ZorgidError or cls is ZorgidError
    error = example(cls)
    status = status_of(error)
    assert 400 <= status <= 503
    response = problem_response(answer_to(error), "0123")
    body = json.loads(str(response.text))
    assert body["status"] == response.status == status
    assert body["type"].startswith("urn:zorgid:problem:")
    assert "secret inside" not in str(response.text)
    assert ("Retry-After" in response.headers) is (status in {429, 503})
    assert ("WWW-Authenticate" in response.headers) is (status == 401)


def test_our_own_failures_say_nothing_of_themselves() -> None:
    answer = answer_to(IntegrityBroken(message="x", next_step="restore the backup"))
    assert (answer.status, answer.code, answer.next_step) == (500, "error", None)


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_refusal_has_its_text_and_is_no_server_error(reason: RefusalReason) -> None:
    error = Refused(reason=reason, message="x")
    assert 400 <= status_of(error) < 500
    assert message_of(error) is REFUSALS[reason]
    assert answer_to(error).reason is reason


def test_the_sentence_of_the_screen_is_literal() -> None:
    assert REFUSALS[RefusalReason.PASS_IS_ZORGVERLENER].dutch == (
        "Een Zorgverlener UZI-pas kan niet gebruikt worden. U kunt helaas niet verder."
    )


@pytest.mark.parametrize("message", [*REFUSALS.values(), *ERRORS.values()])
def test_a_person_is_addressed_with_u(message: Any) -> None:
    assert not re.search(r"\b(je|jij|jouw|jullie)\b", message.dutch, re.IGNORECASE)
    assert message.dutch.endswith(".")
    assert message.english.endswith(".")


@pytest.mark.parametrize("role", Role)
def test_the_table_names_every_role(role: Role) -> None:
    assert role in MAY
    assert bool(MAY[role]) is (role in OPERATOR_ROLES)


@pytest.mark.parametrize("action", CARD_ACTIONS)
@pytest.mark.parametrize("role", [Role.BEHEERDER, Role.ADMINISTRATOR])
def test_operators_act_on_linked_cards_only(role: Role, action: Action) -> None:
    require_for_card(operator(role, APOTHEEK), action, [HUISARTS, APOTHEEK])
    for links in ([], [HUISARTS]):
        with pytest.raises(Refused) as raised:
            require_for_card(operator(role, APOTHEEK), action, links)
        assert raised.value.reason is RefusalReason.CARD_NOT_LINKED


@pytest.mark.parametrize(
    "action", [action for action in Action if action is not Action.CERTIFY_RESPONDER]
)
def test_the_team_may_everything_people_do_everywhere(action: Action) -> None:
    require_for_card(operator(Role.ZORGID_TEAM, None), action, [])
    assert require(operator(Role.ZORGID_TEAM, None), action) is Reach.EVERYWHERE


def test_a_status_node_gets_responder_certificates_and_nothing_else() -> None:
    node = operator(Role.STATUS_NODE, None)
    assert require(node, Action.CERTIFY_RESPONDER) is Reach.EVERYWHERE
    for action in set(Action) - {Action.CERTIFY_RESPONDER}:
        with pytest.raises(Forbidden):
            require(node, action)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.STATUS_NODE])
def test_nobody_else_gets_responder_certificates(role: Role) -> None:
    with pytest.raises(Forbidden):
        require(operator(role, None), Action.CERTIFY_RESPONDER)


@pytest.mark.parametrize("action", [Action.REGISTER_OPERATOR, Action.REGISTER_ORGANISATION])
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ZORGID_TEAM])
def test_only_the_team_registers(role: Role, action: Action) -> None:
    with pytest.raises(Forbidden):
        require(operator(role, APOTHEEK), action)


@pytest.mark.parametrize("role", [Role.HOLDER, Role.SYSTEM])
@pytest.mark.parametrize("action", Action)
def test_no_one_else_is_an_operator(role: Role, action: Action) -> None:
    with pytest.raises(Forbidden):
        require_for_card(operator(role, APOTHEEK), action, [APOTHEEK])
