-- What customers have us keep of their calls' words, masked as they went upstream, for as long as
-- they say. They are in no log: unlogged, they are in no backup of it either, and what is deleted
-- here is nowhere else.

CREATE UNLOGGED TABLE call_contents (
    request_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    prompt bytea NOT NULL,
    answer bytea NOT NULL,
    cut bool NOT NULL -- whether either was longer than what is kept
);
CREATE INDEX ON call_contents (customer_id, kept_at);

GRANT SELECT, INSERT, DELETE ON call_contents TO tollbook_gateway;
