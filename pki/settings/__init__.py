"""Configuration files, read once into checked, frozen objects; for the server and for the desk."""
