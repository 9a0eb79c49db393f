"""The issuance API over HTTP: routes, problem documents, limits."""
