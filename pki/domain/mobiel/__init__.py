"""ZORG-ID Mobiel identities, as far as they concern cards and those who manage them."""
