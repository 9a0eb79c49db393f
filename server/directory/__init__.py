"""`zorgid ldap` and what the doctor says of directories."""
