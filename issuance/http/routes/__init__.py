"""The routes of the API, by who asks."""
