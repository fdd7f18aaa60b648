"""One module a figure: inline SVG whose text stays text and whose colours follow the page."""
