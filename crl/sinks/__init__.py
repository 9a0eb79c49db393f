"""Places outside the store where published CRLs are put: each follows the journal by itself."""
