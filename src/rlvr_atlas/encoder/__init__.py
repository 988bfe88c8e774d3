"""The optional encoder: texts as vectors, kept by content, and exact search among them."""
