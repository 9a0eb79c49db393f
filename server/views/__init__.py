"""The five views, held against each other."""
