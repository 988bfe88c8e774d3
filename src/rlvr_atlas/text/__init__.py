"""Texts of any kind: characters, tokens, how frequent a word is, language, domain."""
