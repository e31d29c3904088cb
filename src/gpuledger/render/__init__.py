"""Document to bytes: html, text, png, svg, csv, xlsx, parquet, json."""
