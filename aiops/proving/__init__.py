"""Proving: injects faults, lets the operate loop find them, and grades what it found."""
