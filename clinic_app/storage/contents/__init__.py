"""Big things: encrypted, found by their digest, sent in pieces."""
