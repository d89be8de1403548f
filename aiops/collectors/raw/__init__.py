"""Samples as they were scraped, shaped by the rules that PromQL has on the server."""
