"""The main window and everything around the screens; the only place that composes them."""
