"""ZORG-ID Mobiel: who may register one, and who manages it."""
