"""Sources to policy packages: which dialect, which interfaces, one m4 for many modules, checkmodule, the proof."""
