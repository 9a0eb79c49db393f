"""What issuing writes: intents, certificates, and their status from then on."""
