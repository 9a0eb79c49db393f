"""Where a ceremony's keys are: in encrypted files opened by shares, or in a PKCS#11 token."""
