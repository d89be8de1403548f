"""The command line: one file per command group, nothing heavy imported until it is needed."""
