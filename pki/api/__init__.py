"""The issuance API as both of its ends see it: wire types, what a key signs, and a typed client."""
