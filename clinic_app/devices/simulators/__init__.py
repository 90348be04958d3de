"""Devices made of software: they play real recordings over the real protocols, from processes of their own."""
