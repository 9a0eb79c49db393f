"""What auditors get: signed checkpoints, receipts of changes."""
