"""The selectors shell: an engine, and the streams and servers it drives.

It moves bytes and takes no protocol decision; what the bytes mean is decided below, in the parser.
"""
