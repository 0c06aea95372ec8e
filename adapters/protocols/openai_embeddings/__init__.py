"""OpenAI embeddings: the request, and the answer whoever computed it (wire-facts §1.3)."""
