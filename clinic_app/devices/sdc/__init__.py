"""Devices that speak IEEE 11073 SDC: a consumer with mutual TLS, and a provider of our own that plays recordings.

The library (sdc11073) is imported when a device of this family is opened; what its messages mean is read here, by pure
functions over XML.
"""
