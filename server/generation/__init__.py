"""Generations of the Token CA: opened by the configuration, watched until their end."""
