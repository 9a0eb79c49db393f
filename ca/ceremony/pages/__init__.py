"""What is printed on A4: the script before, the report afterwards."""
