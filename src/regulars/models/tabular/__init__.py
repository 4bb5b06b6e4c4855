"""Models of tables of attributes: columns, encoding, importance."""
