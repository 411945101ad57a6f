"""The report of a search as one HTML file that needs no network and no script: one file a section, put together by `page`."""
