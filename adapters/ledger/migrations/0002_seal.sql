-- The seal: evidence of what the log was. Never rebuilt, never changed; only the sealer adds to it.

CREATE TABLE seal_leaves (
    index bigint PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    salt bytea NOT NULL,
    hash bytea NOT NULL
);

-- Every eighth level of the tree above the leaves, which makes proofs fast.
CREATE TABLE seal_nodes (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, index)
);

CREATE TABLE seal_heads (
    tree_size bigint PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    root_hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    key_id bytea NOT NULL,
    signature bytea NOT NULL
);

CREATE TABLE seal_keys (
    key_id bytea PRIMARY KEY,
    public_key bytea NOT NULL
);

CREATE FUNCTION evidence_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_never_changed();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_never_changed();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_heads
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_never_changed();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_keys
    FOR EACH STATEMENT EXECUTE FUNCTION evidence_is_never_changed();

GRANT SELECT ON seal_leaves, seal_nodes, seal_heads, seal_keys TO tollbook_gateway;
