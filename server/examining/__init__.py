"""What `zorgid doctor` looks at besides the services: the machine, the database, other nodes."""
