CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$

CREATE FUNCTION journal_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM journal)
        OR NEW.previous <> coalesce(
            (SELECT digest FROM journal WHERE position = NEW.position - 1),
            decode(repeat('00', 32), 'hex')
        )
    THEN
        RAISE EXCEPTION 'journal is append-only';
    END IF;
    RETURN NEW;
END
$$

CREATE TRIGGER journal_insert BEFORE INSERT ON journal
FOR EACH ROW EXECUTE FUNCTION journal_follows()

CREATE TRIGGER journal_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION append_only()

CREATE TRIGGER status_intervals_delete BEFORE DELETE OR TRUNCATE ON status_intervals
FOR EACH STATEMENT EXECUTE FUNCTION append_only()

CREATE TRIGGER status_intervals_update BEFORE UPDATE ON status_intervals
FOR EACH ROW
WHEN (
    OLD.until IS NOT NULL
    OR NEW.until IS NULL
    OR NEW.serial IS DISTINCT FROM OLD.serial
    OR NEW.position IS DISTINCT FROM OLD.position
    OR NEW.issuer IS DISTINCT FROM OLD.issuer
    OR NEW.status IS DISTINCT FROM OLD.status
    OR NEW.status_at IS DISTINCT FROM OLD.status_at
    OR NEW.status_reason IS DISTINCT FROM OLD.status_reason
    OR NEW.compromised_since IS DISTINCT FROM OLD.compromised_since
    OR NEW.since IS DISTINCT FROM OLD.since
    OR NEW.actor IS DISTINCT FROM OLD.actor
    OR NEW.ura IS DISTINCT FROM OLD.ura
)
EXECUTE FUNCTION append_only()

CREATE FUNCTION cards_without_mobiel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')
        AND EXISTS (
            SELECT 1 FROM mobiel
            WHERE person_id = NEW.person_id AND state IN ('geregistreerd', 'geblokkeerd')
        )
    THEN
        RAISE unique_violation USING MESSAGE = 'this person has ZORG-ID Mobiel';
    END IF;
    RETURN NEW;
END
$$

CREATE TRIGGER cards_without_mobiel BEFORE INSERT ON cards
FOR EACH ROW EXECUTE FUNCTION cards_without_mobiel()

CREATE FUNCTION mobiel_without_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('geregistreerd', 'geblokkeerd')
        AND EXISTS (
            SELECT 1 FROM cards
            WHERE person_id = NEW.person_id
                AND state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')
        )
    THEN
        RAISE unique_violation USING MESSAGE = 'this person has a card';
    END IF;
    RETURN NEW;
END
$$

CREATE TRIGGER mobiel_without_card BEFORE INSERT ON mobiel
FOR EACH ROW EXECUTE FUNCTION mobiel_without_card()
