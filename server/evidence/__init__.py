"""Statements of what was: the evidence key, and the commands that ask and verify."""
