"""What comes from outside: folders, discs, their images, archives; whose files they are, and what somebody chooses."""
