"""Log-ins of browsers, which have no certificate, by the telephones of operators."""
