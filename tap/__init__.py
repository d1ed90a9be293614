"""Table access: ADQL, the TAP protocol and the simple cone search."""
