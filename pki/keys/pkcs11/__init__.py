"""Keys in PKCS#11 tokens: one thread for each module, one log-in for each token.

A server signs here; key pairs are made and destroyed by `ceremony` alone.
"""
