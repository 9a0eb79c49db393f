"""What is known of people besides their cards."""
