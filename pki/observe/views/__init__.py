"""Five views of one certificate held against each other: the store, and four from outside."""
