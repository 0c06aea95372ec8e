"""OpenAI responses: the codec (wire-facts §1.7)."""
