"""What `keepfit.toml` may say: name, type, default and meaning of every key."""
