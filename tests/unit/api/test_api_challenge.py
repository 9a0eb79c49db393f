"""No two challenges may share a message."""

from hypothesis import given
from hypothesis import strategies as st

from pki.api.challenge import challenge_message
from pki.domain.identifiers import ChallengeId
from pki.domain.records import ChallengePurpose

challenges = st.tuples(
    st.sampled_from(ChallengePurpose),
    st.sampled_from(["localhost", "api.zorg-id.example", "a", "aa", "127.0.0.1"]),
    st.binary(min_size=16, max_size=16).map(ChallengeId.from_random),
    st.binary(max_size=40),
)


def message(challenge: tuple[ChallengePurpose, str, ChallengeId, bytes]) -> bytes:
    purpose, audience, challenge_id, nonce = challenge
    return challenge_message(purpose, audience=audience, challenge_id=challenge_id, nonce=nonce)


@given(challenges, challenges)
def test_messages_are_equal_only_for_equal_challenges(
    one: tuple[ChallengePurpose, str, ChallengeId, bytes],
    other: tuple[ChallengePurpose, str, ChallengeId, bytes],
) -> None:
    assert (message(one) == message(other)) is (one == other)


def test_the_message_is_the_agreed_one() -> None:
    challenge_id = ChallengeId("0a" * 16)
    expected = b"ZORG-ID challenge v1\0open-session\0api.example\0" + b"0a" * 16 + b"\0" + bytes(32)
    given_name = (ChallengePurpose.OPEN_SESSION, "API.example", challenge_id, bytes(32))
    assert message(given_name) == expected
