"""The program at the desk: card, personalisation, API client. Must not know the server side."""
