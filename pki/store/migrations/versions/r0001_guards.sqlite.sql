CREATE TRIGGER journal_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'journal is append-only');
END

CREATE TRIGGER journal_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'journal is append-only');
END

CREATE TRIGGER journal_insert BEFORE INSERT ON journal
WHEN NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM journal)
    OR NEW.previous <> coalesce(
        (SELECT digest FROM journal WHERE position = NEW.position - 1), zeroblob(32)
    )
BEGIN
    SELECT RAISE(ABORT, 'journal is append-only');
END

CREATE TRIGGER status_intervals_delete BEFORE DELETE ON status_intervals
BEGIN
    SELECT RAISE(ABORT, 'status_intervals is append-only');
END

-- A replacing INSERT deletes without asking the trigger above.
CREATE TRIGGER status_intervals_insert BEFORE INSERT ON status_intervals
WHEN EXISTS (
    SELECT 1 FROM status_intervals WHERE serial = NEW.serial AND position = NEW.position
)
BEGIN
    SELECT RAISE(ABORT, 'status_intervals is append-only');
END

CREATE TRIGGER status_intervals_update BEFORE UPDATE ON status_intervals
WHEN OLD.until IS NOT NULL
    OR NEW.until IS NULL
    OR NEW.serial IS NOT OLD.serial
    OR NEW.position IS NOT OLD.position
    OR NEW.issuer IS NOT OLD.issuer
    OR NEW.status IS NOT OLD.status
    OR NEW.status_at IS NOT OLD.status_at
    OR NEW.status_reason IS NOT OLD.status_reason
    OR NEW.compromised_since IS NOT OLD.compromised_since
    OR NEW.since IS NOT OLD.since
    OR NEW.actor IS NOT OLD.actor
    OR NEW.ura IS NOT OLD.ura
BEGIN
    SELECT RAISE(ABORT, 'status_intervals is append-only');
END

-- A person has a card or ZORG-ID Mobiel. Changes follow one another, so what is read here is so.
CREATE TRIGGER cards_without_mobiel BEFORE INSERT ON cards
WHEN NEW.state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')
    AND EXISTS (
        SELECT 1 FROM mobiel
        WHERE person_id = NEW.person_id AND state IN ('geregistreerd', 'geblokkeerd')
    )
BEGIN
    SELECT RAISE(ABORT, 'this person has ZORG-ID Mobiel');
END

CREATE TRIGGER mobiel_without_card BEFORE INSERT ON mobiel
WHEN NEW.state IN ('geregistreerd', 'geblokkeerd')
    AND EXISTS (
        SELECT 1 FROM cards
        WHERE person_id = NEW.person_id
            AND state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')
    )
BEGIN
    SELECT RAISE(ABORT, 'this person has a card');
END
