"""A server, five peers that mean it harm, and one player who wants an answer."""
