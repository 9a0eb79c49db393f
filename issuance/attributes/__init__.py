"""Who has which task at an organisation."""
