"""What an organisation states with the key of its UZI server certificate."""
