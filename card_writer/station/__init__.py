"""The card writer as a page on this computer: one person, one desk, nobody else."""
