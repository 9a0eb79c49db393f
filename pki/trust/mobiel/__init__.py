"""Certificates of ZORG-ID Mobiel."""
