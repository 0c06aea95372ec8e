"""The ledger's store: an embedded or a given PostgreSQL."""
