"""The calls of the API by who makes them and of what; `pki.api.client` has them all."""
