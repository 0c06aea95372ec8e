-- Answers that customers let us give again. They are words, so they are in no log: unlogged, they
-- are in no backup of it either, and a crash of the server forgets them.

CREATE UNLOGGED TABLE answer_cache (
    customer_id uuid NOT NULL,
    key bytea NOT NULL, -- SHA-256 of the call
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    upstream_model text NOT NULL,
    output_cap int NOT NULL,
    usage jsonb NOT NULL,
    body bytea NOT NULL,
    tail bytea NOT NULL, -- of a stream: what waits for the charge
    PRIMARY KEY (customer_id, key)
);
CREATE INDEX ON answer_cache (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON answer_cache TO tollbook_gateway;
