"""What the program has to do with the computer it lives on: its firewall, the system's own log, what is left of a fall.

Every system does these in its own way; each way is a file of its own behind a protocol.
"""
