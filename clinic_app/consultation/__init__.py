"""The specialist's side of a referral: worklist, drafts that stay here, the signed answer, and how it is read."""
