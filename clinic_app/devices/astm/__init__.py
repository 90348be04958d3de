"""Analysers of blood and urine: frames of LIS1-A (ASTM E1381) that carry records of LIS2-A2 (ASTM E1394)."""
