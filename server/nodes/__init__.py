"""One node beside the others on the same store: its clock, and what it issues by."""
