"""The data folder: whose it is, who may read it, and that one program at a time has it."""
