"""The nouns and the Protocols: frozen values, pure, standard library only."""
