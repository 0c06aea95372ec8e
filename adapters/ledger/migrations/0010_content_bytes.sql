-- How much is kept of a call, to be summed up by customer from the index alone.

ALTER TABLE call_contents ADD COLUMN bytes int NOT NULL
    GENERATED ALWAYS AS (octet_length(prompt) + octet_length(answer)) STORED;
DROP INDEX call_contents_customer_id_kept_at_idx;
CREATE INDEX ON call_contents (customer_id, kept_at) INCLUDE (bytes);
