"""What lies in a store, held against its logs: verified, mended, and removed by rule."""
