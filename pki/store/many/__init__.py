"""Many cards at once: the same facts as one by one, in few statements."""
