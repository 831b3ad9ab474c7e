"""Everything that is shown: sentences, tables, figures, the page and the terminal."""
