"""What an installation knows of its own backups."""
