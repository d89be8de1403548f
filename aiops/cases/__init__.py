"""The case folder: its files, the rules they keep, and RCAEval's form of it.

`aiops.datasets` is the door to this room; nothing else needs to come in.
"""
