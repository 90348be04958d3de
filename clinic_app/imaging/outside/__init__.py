"""What leaves the house: images without their patients, folders and archives of files, and what a file says inside."""
