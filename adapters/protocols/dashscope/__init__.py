"""DashScope text generation: the codec (wire-facts §3)."""
