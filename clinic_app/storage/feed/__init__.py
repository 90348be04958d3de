"""What only a hub keeps: the feed of all changes, its readers, accounts and contents."""
