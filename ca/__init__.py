"""The certificate authority: profiles, serials, prepare, lint, sign. Must not know who may ask."""
