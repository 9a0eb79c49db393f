"""CRLs outside the store: the sinks of the publisher, and the commands for CRLs of the past."""
