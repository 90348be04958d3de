"""What a person does with the panes: which layout, which series together, how loops run, which key does what."""
