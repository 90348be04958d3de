"""What leaves the house from the viewer: folders and archives, pictures, paper; and what a file says inside."""
