"""Webhooks to customers: an outbox filled from the log, sent signed and to public addresses."""
