"""Wire types of the issuance API and its typed client. Knows nothing of the server behind it."""
