-- What customers were told by webhook and are still to be told. No read model: it says what left.

CREATE TABLE webhook_deliveries (
    webhook_id text PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    customer_id uuid NOT NULL,
    type text NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'given_up')),
    attempts int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_attempt_at timestamptz,
    http_status int,
    error text
);
CREATE INDEX ON webhook_deliveries (customer_id, position);
CREATE INDEX ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';

-- How far the log has been read for them. What was there before them is nobody's news.
CREATE TABLE webhook_position (
    only_one bool PRIMARY KEY DEFAULT true CHECK (only_one),
    position bigint NOT NULL
);
INSERT INTO webhook_position (position) SELECT coalesce(max(position), 0) FROM ledger_events;

GRANT SELECT, INSERT, UPDATE ON webhook_deliveries TO tollbook_gateway;
GRANT SELECT, UPDATE ON webhook_position TO tollbook_gateway;
