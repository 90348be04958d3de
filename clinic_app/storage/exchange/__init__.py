"""What goes to another node and comes from it: outbox, arrivals, conflicts."""
