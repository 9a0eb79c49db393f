"""What every CA that this registration authority asks has in common."""
