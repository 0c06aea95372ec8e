-- When a receiver asked last to be sent a message again.

ALTER TABLE webhook_deliveries ADD COLUMN replayed_at timestamptz;
CREATE INDEX ON webhook_deliveries (customer_id, replayed_at) WHERE replayed_at IS NOT NULL;
