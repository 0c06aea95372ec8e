"""OpenAI's old text completions: the codec (wire-facts §1.2)."""
