"""One module a section: fields of an analysis in, texts for its template out."""
