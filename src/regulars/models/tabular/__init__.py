"""Tables of attributes: kinds of columns, and their encoding."""
