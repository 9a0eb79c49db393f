"""PIV cards (NIST SP 800-73-4): dialogues without I/O, and the driver that carries them out."""
