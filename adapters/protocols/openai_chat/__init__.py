"""OpenAI chat completions: the codec (wire-facts §1.1)."""
