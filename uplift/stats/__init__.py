"""Pure numerics: no table, no file."""
