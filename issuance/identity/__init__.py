"""Sources of identity: what may vouch for who a person is, and what for."""
