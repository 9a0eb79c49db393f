"""`zorgid card`: the card writer as a program; loads nothing of the server's services."""
