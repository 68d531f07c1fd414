"""Everything that a published model needs to be deployed, made for the versions in its directory.

`python -m export.deploy` writes it; the modules make the text of the files.
"""
