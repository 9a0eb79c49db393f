"""Several processes of one status node: a supervisor that answers nothing, and its workers."""
