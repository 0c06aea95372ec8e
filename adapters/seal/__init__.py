"""The seal: signed tree heads over the log, the copy outside the database, and proofs."""
