"""Releases of the program: verified, kept, handed on and installed, with a way back.

A release is a Setup program or a package for group policy, described by metadata of The Update Framework (TUF) that are
signed with keys nobody keeps on a computer with a network. It comes through the hub or on a stick; the way does not
matter, because nothing is believed but the signatures. `verifying` reads them, `shelf` keeps what is newest where the
program may write, `task` takes it from there into a folder only administrators write, verifies it again, and
`installing` installs it, looks whether it works, and puts the former version back where it does not.

This package imports nothing: `installing` runs from a copy of itself that has no packages.
"""
