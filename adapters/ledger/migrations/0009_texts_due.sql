-- Whose text one is, if another may take its place; texts of before are their owner's by their id.
ALTER TABLE erasable_texts ADD COLUMN owner_id uuid;
CREATE INDEX ON erasable_texts (owner_id, kind) WHERE owner_id IS NOT NULL;

-- Commands that may have left texts without a use, since before they were decided: the log says
-- later which text is in force. The sweeper erases the others, and then the row.
CREATE TABLE texts_due (
    due_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    owner_id uuid NOT NULL, -- whose facts name the text
    since_version bigint NOT NULL, -- of the owner: only later facts are the command's
    kind text NOT NULL,
    field text, -- of the facts, holding the text's id; without one, the owner's first fact will do
    subject_id uuid -- the text that was kept for the command, if any
);
CREATE INDEX ON texts_due (subject_id, kind);
CREATE INDEX ON texts_due (due_at);

GRANT SELECT, INSERT, DELETE ON texts_due TO tollbook_gateway;
