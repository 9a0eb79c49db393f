"""Notices in a running installation: who carries them, what is counted, and the commands."""
