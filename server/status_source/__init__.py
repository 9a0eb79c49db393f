"""Where the responder gets a status from: revocations in memory, everything else from the store."""
