"""What was found at the bedside, on the screen."""
