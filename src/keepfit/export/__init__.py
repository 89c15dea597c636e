"""What other tools build and run, written from the project."""
