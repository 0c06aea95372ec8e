-- How full the buckets of rate limits are. No money hangs on them, so they are unlogged: after a
-- crash of the server every bucket is empty, and the limits begin anew.

CREATE UNLOGGED TABLE rate_limit_buckets (
    holder uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('requests', 'tokens')),
    empty_at bigint NOT NULL DEFAULT 0, -- in microseconds since 1970
    PRIMARY KEY (holder, kind)
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limit_buckets TO tollbook_gateway;
