-- The log, what speeds it up, and what may be erased. Applied once, under a lock, by the owner.

CREATE TABLE ledger_events (
    position bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) UNIQUE,
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
);

CREATE FUNCTION ledger_events_are_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_events is append-only: % refused', TG_OP;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_events_are_never_changed();

-- A cache: deleting all of it changes nothing but the time of a cold load.
CREATE TABLE ledger_snapshots (
    originator_id uuid PRIMARY KEY,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL
);

-- Names, titles and reasons: events hold only their salted hashes, so these rows can go.
CREATE TABLE erasable_texts (
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    salt bytea NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (subject_id, kind)
);

GRANT USAGE ON SCHEMA public TO tollbook_gateway;
GRANT SELECT, INSERT ON ledger_events TO tollbook_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger_snapshots, erasable_texts TO tollbook_gateway;
