"""What every room stands on: errors, texts, ids, clock, dates and numbers. Knows no medicine."""
