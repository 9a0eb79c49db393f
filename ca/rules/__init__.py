"""What a profile may say, and what bytes may be signed: one function a rule, with its source."""
