"""HTTP/1.1 on httptools: sockets in, whole requests out; deadlines and bounds are kept here."""
