"""The specialist's room: the worklist, a case with its evidence, and the opinion he signs."""
