"""The rows of the audit trail, chained so that none can be taken out unseen."""
