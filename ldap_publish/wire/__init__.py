"""LDAPv3 on the wire, as much of it as a publisher needs. Must not know certificates."""
