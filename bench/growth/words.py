"""SQL that fills a store, in the words of either engine."""

from typing import Final

from bench.growth.population import BEGIN, BLOCKED, FACTOR, ISSUER, LIFE, LISTED, PRIME


class Words:
    """What the engines say differently."""

    def __init__(self, name: str) -> None:
        self._sqlite = name == "sqlite"

    def id(self, number: str) -> str:
        """As `population` makes an id of a number."""
        return self._scattered(number, 24)

    def octets(self, text: str) -> str:
        """A text as octets."""
        return f"CAST({text} AS BLOB)" if self._sqlite else f"convert_to({text}, 'UTF8')"

    def serial(self, number: str) -> str:
        """As `population` makes a serial of a number."""
        return self.octets(self._scattered(number, 12))

    def card_number(self, number: str) -> str:
        """As `population` makes a card number."""
        if self._sqlite:
            return f"printf('B%08X-%d', {number} * {FACTOR} % {PRIME}, {number})"
        first = f"upper(lpad(to_hex({number} * {FACTOR} % {PRIME}), 8, '0'))"
        return f"'B' || {first} || '-' || {number}"

    def decimal(self, number: str, digits: int) -> str:
        """Decimal digits."""
        if self._sqlite:
            return f"printf('%0{digits}d', {number})"
        return f"lpad(CAST({number} AS text), {digits}, '0')"

    def zeros(self, count: int) -> str:
        """As many octets."""
        return f"zeroblob({count})" if self._sqlite else f"decode(repeat('00', {count}), 'hex')"

    def numbers(self) -> str:
        """FROM a table of one column, ``n``, from :start up to but not :upto."""
        if not self._sqlite:
            numbers = "generate_series(CAST(:start AS bigint), CAST(:upto AS bigint) - 1)"
            return f"FROM {numbers} AS number (n)"
        return (
            "FROM (WITH RECURSIVE number (n) AS (SELECT :start UNION ALL SELECT n + 1 FROM number"
            " WHERE n + 1 < :upto) SELECT n FROM number) AS number"
        )

    def _scattered(self, number: str, digits: int) -> str:
        first = f"{number} * {FACTOR} % {PRIME}"
        if self._sqlite:
            return f"printf('%08x%0{digits}x', {first}, {number})"
        return f"lpad(to_hex({first}), 8, '0') || lpad(to_hex({number}), {digits}, '0')"


_AT: Final = f"{BEGIN} + n * :step"
_LIVE: Final = "n - (:count - :persons)"
_BLOCKED: Final = f"{_LIVE} BETWEEN 0 AND {BLOCKED - 1}"
_REVOKED: Final = f"{_LIVE} BETWEEN {BLOCKED} AND {LISTED - 1}"


def first_statements(words: Words) -> list[tuple[str, str]]:
    """Statements, and of what there are ``:upto``."""
    return [
        (_organisations(words), "organisations"),
        (_journal(words), "entries"),
        ("UPDATE journal_head SET position = :upto", "entries"),
    ]


def chunk_statements(words: Words) -> list[str]:
    """What adds the cards from ``:start`` up to but not ``:upto``, in the order of their orders."""
    return [each(words) for each in (_persons, _cards, _links, _certificates, _intervals, _keys)]


def _organisations(words: Words) -> str:
    values = f"{words.decimal('n', 32)}, {words.decimal('n', 8)}, 'Bench', 'geregistreerd'"
    return f"""
INSERT INTO organisations (id, ura, name, state, kind)
SELECT {values}, 'zorgaanbieder' {words.numbers()}
"""


def _journal(words: Words) -> str:
    return f"""
INSERT INTO journal (position, at, actor, kind, payload, previous, digest)
SELECT n + 1, {BEGIN}, 'systeem:zorgid', 'bench', '{{}}', {words.zeros(32)}, {words.zeros(32)}
{words.numbers()}
"""


def _persons(words: Words) -> str:
    name = words.id("n")
    return f"""
INSERT INTO persons (id, uzi_number, surname, surname_key, given_names, common_name,
  sealed_birth_date)
SELECT {name}, {words.decimal("n", 9)}, {name}, {words.octets(name)}, 'A.', 'A. Bench',
  {words.zeros(32)}
{words.numbers()} WHERE n < :persons
"""


def _cards(words: Words) -> str:
    name = words.id("n")
    return f"""
INSERT INTO cards (id, person_id, ura, card_number, order_key, ordered_at, state_at, serial,
  state, revoked_at, reason)
SELECT {name}, {words.id("(n % :persons)")}, {words.decimal("n % :organisations", 8)},
  {words.card_number("n")}, {name}, {_AT}, {_AT}, {words.serial("n")},
  CASE WHEN {_BLOCKED} THEN 'geblokkeerd' WHEN {_REVOKED} THEN 'ingetrokken'
    WHEN {_LIVE} < 0 THEN 'verlopen' ELSE 'actief' END,
  CASE WHEN {_REVOKED} THEN {_AT} END,
  CASE WHEN {_BLOCKED} THEN 'verlies' WHEN {_REVOKED} THEN 'defect' END
{words.numbers()}
"""


def _links(words: Words) -> str:
    return f"""
INSERT INTO card_links (card_id, organisation_id, since, ordered_at)
SELECT {words.id("n")}, {words.decimal("n % :organisations", 32)}, {_AT}, {_AT}
{words.numbers()} WHERE {_LIVE} >= 0
"""


def _certificates(words: Words) -> str:
    name = words.id("n")
    return f"""
INSERT INTO certificates (serial, issuer, card_id, tbs, profile, key_sha256, created_at,
  lease_until, not_before, not_after, der, status, status_at, status_reason)
SELECT {words.serial("n")}, '{ISSUER}', {name}, {words.zeros(8)}, 'bench', {words.octets(name)},
  {_AT}, {_AT}, {_AT}, {_AT} + {LIFE}, {words.zeros(8)},
  CASE WHEN {_BLOCKED} THEN 'hold' WHEN {_REVOKED} THEN 'revoked' ELSE 'good' END,
  CASE WHEN {_BLOCKED} OR {_REVOKED} THEN {_AT} END, CASE WHEN {_REVOKED} THEN 5 END
{words.numbers()}
"""


def _intervals(words: Words) -> str:
    return f"""
INSERT INTO status_intervals (serial, position, issuer, status, since, actor)
SELECT {words.serial("n")}, 1 + n * :entries / :count, '{ISSUER}', 'good', {_AT}, 'systeem:zorgid'
{words.numbers()}
"""


def _keys(words: Words) -> str:
    values = f"{words.octets(words.id('n'))}, {_AT}"
    return f"INSERT INTO keys_seen (key_sha256, at) SELECT {values} {words.numbers()}"
