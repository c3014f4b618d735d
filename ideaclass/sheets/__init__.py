"""Spreadsheets in, labelled workbooks out: `read` a table, `labelling.label_file` it, `write` it back."""
