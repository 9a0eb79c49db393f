"""What operators' changes need of the store: whom certificates belong to, answers already given."""

from typing import Protocol

from pki.domain.identifiers import IdempotencyKey, PersonId, Ura
from pki.domain.people import Operator, Role
from pki.domain.records import GivenAnswer


class Answers(Protocol):
    """What changes were answered with, under their callers' idempotency keys."""

    def given_answer(self, asker: PersonId, key: IdempotencyKey, /) -> GivenAnswer | None: ...
    def put_answer(self, answer: GivenAnswer, /) -> None: ...


class Mappings(Answers, Protocol):
    """Client certificates and whom they make an operator."""

    def put_operator(self, operator: Operator, /) -> None: ...
    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def mappings_of(self, person_id: PersonId, /) -> tuple[Operator, ...]:
        """Each client certificate that makes this person an operator."""

    def has_operator(self, role: Role, ura: Ura | None, /, *, besides: PersonId) -> bool:
        """Whether anybody else has this role at this organisation."""

    def remove_mapping(self, certificate_sha256: bytes, /) -> None: ...
