"""The card flow on card readers: pcscd with a virtual reader, and the card writer's own drivers."""
