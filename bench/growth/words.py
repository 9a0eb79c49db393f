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
        """A table of one column, ``n``, from 0 to :count."""
        if not self._sqlite:
            return "generate_series(0, CAST(:count AS bigint) - 1) AS number (n)"
        return (
            "(WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number"
            " WHERE n + 1 < :count) SELECT n FROM number) AS number"
        )

    def _scattered(self, number: str, digits: int) -> str:
        first = f"{number} * {FACTOR} % {PRIME}"
        if self._sqlite:
            return f"printf('%08x%0{digits}x', {first}, {number})"
        return f"lpad(to_hex({first}), 8, '0') || lpad(to_hex({number}), {digits}, '0')"


_CHUNK: Final = "FROM wanted WHERE r > :after AND r <= :upto"
_AT: Final = f"{BEGIN} + n * :step"
_LIVE: Final = "n - (:count - :persons)"
_BLOCKED: Final = f"{_LIVE} BETWEEN 0 AND {BLOCKED - 1}"
_REVOKED: Final = f"{_LIVE} BETWEEN {BLOCKED} AND {LISTED - 1}"


def first_statements(words: Words) -> list[tuple[str, str]]:
    """Statements, and what they call ``:count``: the order of all that follows, and what is few."""
    return [
        ("CREATE TEMPORARY TABLE wanted (r integer PRIMARY KEY, n bigint NOT NULL)", ""),
        (_wanted(words), "cards"),
        (_organisations(words), "organisations"),
        (_journal(words), "entries"),
        ("UPDATE journal_head SET position = :count", "entries"),
    ]


def chunk_statements(words: Words) -> list[str]:
    """What adds the cards of ``wanted`` behind ``:after`` up to ``:upto``, in its order."""
    return [each(words) for each in (_persons, _cards, _links, _certificates, _intervals, _keys)]


def _wanted(words: Words) -> str:
    order = f"row_number() OVER (ORDER BY n * {FACTOR} % {PRIME})"
    return f"INSERT INTO wanted SELECT {order}, n FROM {words.numbers()}"  # noqa: S608 -- constants


def _organisations(words: Words) -> str:
    values = f"{words.decimal('n', 32)}, {words.decimal('n', 8)}, 'Bench', 'geregistreerd'"
    return f"""
INSERT INTO organisations (id, ura, name, state, kind)
SELECT {values}, 'zorgaanbieder' FROM {words.numbers()}
"""  # noqa: S608 -- constants


def _journal(words: Words) -> str:
    return f"""
INSERT INTO journal (position, at, actor, kind, payload, previous, digest)
SELECT n + 1, {BEGIN}, 'systeem:zorgid', 'bench', '{{}}', {words.zeros(32)}, {words.zeros(32)}
FROM {words.numbers()}
"""  # noqa: S608 -- constants


def _persons(words: Words) -> str:
    name = words.id("n")
    return f"""
INSERT INTO persons (id, uzi_number, surname, surname_key, given_names, common_name,
  sealed_birth_date)
SELECT {name}, {words.decimal("n", 9)}, {name}, {words.octets(name)}, 'A.', 'A. Bench',
  {words.zeros(32)}
{_CHUNK} AND n < :persons
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
{_CHUNK}
"""


def _links(words: Words) -> str:
    return f"""
INSERT INTO card_links (card_id, organisation_id, since)
SELECT {words.id("n")}, {words.decimal("n % :organisations", 32)}, {_AT}
{_CHUNK} AND {_LIVE} >= 0
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
{_CHUNK}
"""


def _intervals(words: Words) -> str:
    return f"""
INSERT INTO status_intervals (serial, position, issuer, status, since, actor)
SELECT {words.serial("n")}, 1 + n % :entries, '{ISSUER}', 'good', {_AT}, 'systeem:zorgid'
{_CHUNK}
"""


def _keys(words: Words) -> str:
    values = f"{words.octets(words.id('n'))}, {_AT}"
    return f"INSERT INTO keys_seen (key_sha256, at) SELECT {values} {_CHUNK}"
