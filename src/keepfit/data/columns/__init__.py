"""What is made of columns: cleaned rows, derived columns, texts, origins."""
