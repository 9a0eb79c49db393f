"""Many certificates at once: the same facts as one by one, in few statements."""
