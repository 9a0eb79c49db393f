"""A whole store from one engine into another."""
