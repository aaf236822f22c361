"""The parsers that compete, each as a `Contender`: ours, those of PyPI, and two in C to compare with."""
