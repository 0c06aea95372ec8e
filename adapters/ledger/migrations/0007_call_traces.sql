-- The steps of each call as its worker saw them, for a while: see TOLLBOOK_TRACE_DAYS. No money
-- hangs on them, so they are unlogged: after a crash of the server there are none, and what the
-- log says of a call is left.

CREATE UNLOGGED TABLE call_traces (
    request_id uuid PRIMARY KEY,
    wallet_id uuid NOT NULL,
    key_id uuid NOT NULL,
    began_at timestamptz NOT NULL,
    surface text NOT NULL,
    requested text,
    held bool NOT NULL,
    status int,
    code text,
    microseconds bigint NOT NULL,
    steps text NOT NULL -- JSON: [[[step, when it began in nanoseconds], …], [outcome, …]]
);
-- The log knows every call that was held, so that only the others are looked for here.
CREATE INDEX ON call_traces (wallet_id, began_at) WHERE NOT held;
CREATE INDEX ON call_traces USING brin (began_at);

GRANT SELECT, INSERT, DELETE ON call_traces TO tollbook_gateway;

-- When the read model of calls had reached which position, for as long.
CREATE UNLOGGED TABLE read_model_marks (
    position bigint PRIMARY KEY,
    reached_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, DELETE ON read_model_marks TO tollbook_gateway;
