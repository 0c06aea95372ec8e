"""Payment providers: who sends money, in the provider's own shapes."""
