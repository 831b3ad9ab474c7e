"""What commands print: tables and lines for a console, one file per kind of result."""
