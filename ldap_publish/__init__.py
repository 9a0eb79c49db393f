"""The directory: entry, plan, follower, reconcile. Must not know CA keys."""
