"""What staff see: windows, screens and widgets. PySide6 and pyqtgraph live here only."""
