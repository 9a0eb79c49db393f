"""What each role is made of: adapters between services and store, and the roles themselves."""
