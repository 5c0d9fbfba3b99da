"""Every code block of the documentation is run, or checked as far as it goes, or says why not: see `page`."""
