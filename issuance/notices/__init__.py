"""Telling organisations of their cards: what expires, is blocked, is revoked, or nobody manages."""
