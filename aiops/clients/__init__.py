"""The outside world: one package for each system the toolkit talks to, each written once."""
