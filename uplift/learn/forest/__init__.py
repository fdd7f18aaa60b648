"""The engine: bins, histograms, honest trees in little bags, averaged moments."""
