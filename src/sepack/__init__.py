"""sepack builds SELinux policy modules the way good teams build software."""

__version__ = "0.1.0"
