"""The table of routes, and the OpenAPI document that is made of it."""
