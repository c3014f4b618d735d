"""A model from an officer's own spreadsheet, and from what people corrected in its answers."""
