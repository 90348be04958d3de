"""Point-of-care analysers that speak POCT1-A: XML messages over TCP, each acknowledged."""
