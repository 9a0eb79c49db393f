"""Log-ins that a telephone answers, and the sessions that come of them."""
