"""What outsiders see: receipts of changes, and the five views held against each other."""
