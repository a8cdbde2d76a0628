"""Where commands run: on this host, or in a container."""
