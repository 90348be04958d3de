"""The databases under the store: one file with SQLCipher, or a PostgreSQL server; both behind one Protocol."""
