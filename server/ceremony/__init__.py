"""Key ceremonies at the terminal: dialogue, files and keys around the plans of `ca.ceremony`."""
