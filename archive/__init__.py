"""The archive itself: declarations, the query path, storage, formats and what the protocols share."""
