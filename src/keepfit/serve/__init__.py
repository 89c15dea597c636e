"""Models over HTTP: they follow their stage, and drop no request."""
