"""What turns a checkout into a program: lock files, fonts, icons, catalogues."""
