"""What must be true of rows, and what is found of them."""
